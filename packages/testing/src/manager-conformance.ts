import assert from "node:assert/strict";
import { type ServableRequest, specific } from "@serving-kit/core";
import {
  assertThrows,
  type ManagerStage,
  type ManagerSubject,
  makeStage,
} from "./manager-stage.js";
import type { Runner, SuiteOptions } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";
import { DEFAULT_TIMEOUT_MS, within } from "./waiting.js";

/** Options for `managerConformance`. */
export interface ManagerConformanceOptions<S> extends SuiteOptions {
  /** Creates a new manager and waits until its servable is available. The suite closes the manager. */
  create(): Promise<ManagerSubject<S>>;
}

/**
 * Registers the tests that verify that a manager keeps the contracts of `Manager`, M1 to M3, and of its handles, H1 to
 * H3.
 */
export function managerConformance<S>(runner: Runner, options: ManagerConformanceOptions<S>): void {
  const fixture: Tests = {
    "create gives a new manager each time": async () => {
      const [first, second] = [await options.create(), await options.create()];
      assert.notEqual(first.manager, second.manager);
      await Promise.all([first.manager.close(), second.manager.close()]);
    },
  };
  registerSuite(runner, options, "Manager", fixture, managerClauses(options));
}

function managerClauses<S>(options: ManagerConformanceOptions<S>): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const withManager = (test: (subject: ManagerStage<S>) => Promise<void>) => async () => {
    const subject = await options.create();
    try {
      await test(makeStage(subject, timeoutMs));
    } finally {
      const closed = subject.manager.close({ signal: AbortSignal.abort() });
      await within(closed, timeoutMs, "expected close to end").catch(() => {});
    }
  };

  return {
    "M1 acquire is synchronous and returns a loaded servable": withManager(
      async ({ manager, name, isLoaded }) => {
        using handle = manager.acquire({ name });
        assert.equal(handle.id.name, name);
        assert.ok(isLoaded(handle.servable), "expected a loaded servable");
        using same = manager.acquire(specific(handle.id));
        assert.equal(same.servable, handle.servable, "the servable of the same version");
        const ids = manager.listAvailable().map((id) => `${id.name} ${id.version}`);
        assert.ok(ids.includes(`${name} ${handle.id.version}`), `expected it in [${ids}]`);
      },
    ),

    "M1 acquire throws for what is not available": withManager(async ({ manager, name }) => {
      const missing: ServableRequest[] = [
        ...["no_such_name", "constructor", "__proto__"].map((missing) => ({ name: missing })),
        { name, version: 987_654_321n },
      ];
      for (const request of missing) {
        assertThrows(() => manager.acquire(request), "NOT_FOUND", "SERVABLE_NOT_FOUND", request);
      }
      for (const label of ["no_such_label", "constructor", "__proto__"]) {
        const request = { name, label };
        assertThrows(
          () => manager.acquire(request),
          "INVALID_ARGUMENT",
          "LABEL_NOT_FOUND",
          request,
        );
      }
    }),

    "M2 a version with a handle is not unloaded": withManager(
      async ({ manager, name, leave, quiet, unloads }) => {
        const handle = manager.acquire({ name });
        const { servable } = handle;
        await leave();
        await quiet(servable, "while a handle is held");
        handle.release();
        await unloads(servable, "after the last release");
      },
    ),

    "M3 close rejects new handles immediately, waits for those held, then unloads": withManager(
      async ({ manager, name, quiet, unloads }) => {
        const handle = manager.acquire({ name });
        const { servable } = handle;
        let isClosed = false;
        const closed = manager.close();
        closed.then(
          () => {
            isClosed = true;
          },
          () => {},
        );
        assertThrows(() => manager.acquire({ name }), "UNAVAILABLE", "MANAGER_CLOSED", { name });
        assert.equal(manager.close(), closed, "the promise of a second close");
        await quiet(servable, "while a handle is held");
        assert.ok(!isClosed, "expected close to wait for the handle");
        handle.release();
        await unloads(servable, "after close");
        await within(closed, timeoutMs, "expected close to end");
        assert.equal(manager.close(), closed, "the promise of a close afterwards");
        assert.deepEqual(manager.listAvailable(), [], "available after close");
      },
    ),

    "M3 close no longer waits for handles when its signal aborts": withManager(
      async ({ manager, name, quiet, unloads }) => {
        const { servable } = manager.acquire({ name });
        const controller = new AbortController();
        const closed = manager.close({ signal: controller.signal });
        await quiet(servable, "before the abort");
        controller.abort();
        await unloads(servable, "after the abort");
        await within(closed, timeoutMs, "expected close to end");
      },
    ),

    "H1 servable is usable until the handle is released": withManager(
      async ({ manager, name, leave, quiet }) => {
        using handle = manager.acquire({ name });
        const { servable } = handle;
        await leave();
        await quiet(servable, "until release");
        assert.equal(handle.servable, servable);
      },
    ),

    "H2 releasing twice is the same as releasing once": withManager(
      async ({ manager, name, leave, quiet, unloads }) => {
        const [first, second] = [manager.acquire({ name }), manager.acquire({ name })];
        const { servable } = second;
        first.release();
        first.release();
        first[Symbol.dispose]();
        await leave();
        await quiet(servable, "while another handle is held");
        second.release();
        await unloads(servable, "after the last release");
      },
    ),

    "H3 after release, reading servable throws HANDLE_RELEASED": withManager(
      async ({ manager, name }) => {
        const handle = manager.acquire({ name });
        handle.release();
        const read = () => handle.servable;
        assertThrows(read, "FAILED_PRECONDITION", "HANDLE_RELEASED", { name });
        assert.equal(handle.id.name, name, "the id stays");
      },
    ),
  };
}
