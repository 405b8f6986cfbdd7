import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { isServingError, type Loader, type Resources, servableId, unload } from "@serving-kit/core";
import type { LoaderConformanceOptions } from "./loader-options.js";
import type { Tests } from "./suite.js";
import { DEFAULT_TIMEOUT_MS, rejectionOf, within } from "./waiting.js";

/** The tests of L1 to L8. */
export function loaderClauses<S>(options: LoaderConformanceOptions<S>): Tests {
  const { create, use, broken = [], allocated, held, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const seen = allocated ? "" : " (what it frees is not seen: no allocated was given)";

  const load = (loader: Loader<S>, signal = new AbortController().signal) =>
    loader.load({ id: servableId("conformance", 1), signal });
  const loaded = (loader: Loader<S>) => within(load(loader), timeoutMs, "expected load to end");
  const unloaded = (servable: S) =>
    within(unload(servable), timeoutMs, "expected the disposal of the servable to end");
  const leavesNothing = async (test: () => Promise<void>) => {
    const before = allocated?.();
    await test();
    assert.equal(allocated?.(), before, "allocated afterwards");
  };

  return {
    "L1 making one is cheap and begins nothing": async () => {
      const before = allocated?.();
      const resources = process.getActiveResourcesInfo().length;
      for (let i = 0; i < 1_000; i++) create();
      assert.equal(process.getActiveResourcesInfo().length, resources, "requests and timers begun");
      assert.equal(allocated?.(), before, "allocated by making loaders");
      for (const { create, path } of broken) assert.doesNotThrow(create, `the loader of ${path}`);
    },

    "L2 estimateResources can be called before load, and does not grow": async () => {
      const loader = create();
      // Without an estimate, no resources are reserved.
      if (!loader.estimateResources) return;
      const first = checkedResources(await loader.estimateResources());
      assertWithin(checkedResources(await loader.estimateResources()), first, "second estimate");
      const servable = await loaded(loader);
      try {
        assertWithin(checkedResources(await loader.estimateResources()), first, "after load");
        if (held) assertWithin(checkedResources(await held(servable)), first, "held");
      } finally {
        await unloaded(servable);
      }
    },

    "L3 load returns a servable that is ready for use": async () => {
      const servable = await loaded(create());
      try {
        await use(servable);
      } finally {
        await unloaded(servable);
      }
    },

    "L4 a load that was aborted leaves nothing behind, and may be called again": () =>
      leavesNothing(async () => {
        const loader = create();
        const signal = AbortSignal.abort(new Error("aborted by the suite"));
        await within(
          load(loader, signal).then(unload, () => {}),
          timeoutMs,
          "expected load to end",
        );
        const servable = await loaded(loader);
        try {
          await use(servable);
        } finally {
          await unloaded(servable);
        }
      }),

    "L4 a load that failed leaves nothing behind, and may be called again": () =>
      leavesNothing(async () => {
        for (const { create, path, repair } of broken) {
          const loader = create();
          const first = await rejectionOf(() => load(loader), timeoutMs, `load of ${path}`);
          const second = await rejectionOf(() => load(loader), timeoutMs, `load of ${path} again`);
          assert.equal(reasonOf(second), reasonOf(first), `the reason of ${path} the second time`);
          if (!repair) continue;
          await repair();
          const servable = await loaded(loader);
          await use(servable);
          await unloaded(servable);
        }
      }),

    [`L5 disposing the servable frees all that load allocated${seen}`]: () =>
      leavesNothing(async () => {
        const loader = create();
        for (let i = 0; i < 3; i++) {
          const before = allocated?.();
          const servable = await loaded(loader);
          await use(servable);
          if (allocated) assert.notEqual(allocated(), before, "allocated by a load");
          await unloaded(servable);
          assert.equal(allocated?.(), before, `allocated after unload ${i + 1}`);
        }
      }),

    "L6 each load makes a servable of its own": async () => {
      const loader = create();
      const [first, second] = await Promise.all([loaded(loader), loaded(loader)]);
      assert.notEqual(first, second);
      await unloaded(first);
      const third = await loaded(loader);
      await use(second);
      await use(third);
      await unloaded(second);
      await use(third);
      await unloaded(third);
    },

    "L7 a signal that has aborted rejects with its reason": () =>
      leavesNothing(async () => {
        const reason = new Error("aborted by the suite");
        const aborted = () => load(create(), AbortSignal.abort(reason));
        assert.equal(await rejectionOf(aborted, timeoutMs, "load with an aborted signal"), reason);
      }),

    "L7 a signal that aborts during load rejects with its reason, or the servable comes late": () =>
      leavesNothing(async () => {
        const reason = new Error("aborted by the suite");
        const controller = new AbortController();
        const loading = load(create(), controller.signal);
        controller.abort(reason);
        const outcome = await within(
          loading.then(
            (servable) => ({ servable }),
            (error: unknown) => ({ error }),
          ),
          timeoutMs,
          "expected an aborted load to end",
        );
        if ("error" in outcome) assert.equal(outcome.error, reason);
        else await unloaded(outcome.servable);
      }),

    "L7 no listener stays on the signal after load": async () => {
      const { signal } = new AbortController();
      const servable = await within(load(create(), signal), timeoutMs, "expected load to end");
      await unloaded(servable);
      assert.equal(getEventListeners(signal, "abort").length, 0, "listeners on the signal");
    },

    "L8 a missing or corrupt artefact rejects with a ServingError that has the path": async () => {
      const hasSome = broken.length > 0 || options.readsNothing === true;
      assert.ok(hasSome, "expected options.broken, or options.readsNothing");
      for (const { create, path } of broken) {
        const error = await rejectionOf(() => load(create()), timeoutMs, `load of ${path}`);
        assert.ok(isServingError(error), `load of ${path}: expected a ServingError; got ${error}`);
        assert.ok(error.message.includes(path), `expected ${path} in "${error.message}"`);
      }
    },
  };
}

function checkedResources(resources: Resources): Resources {
  for (const [name, amount] of Object.entries(resources)) {
    const isAmount = Number.isFinite(amount) && amount >= 0;
    assert.ok(isAmount, `the amount of ${name} must be a finite number >= 0; got ${amount}`);
  }
  return resources;
}

function assertWithin(amounts: Resources, bound: Resources, what: string): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const limit = bound[name] ?? 0;
    assert.ok(amount <= limit, `${what}: ${name} must be at most ${limit}; got ${amount}`);
  }
}

function reasonOf(error: unknown): string {
  return isServingError(error) ? error.reason : String(error);
}
