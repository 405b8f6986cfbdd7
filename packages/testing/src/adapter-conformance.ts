import assert from "node:assert/strict";
import {
  type AspiredVersion,
  type AspiredVersions,
  aspire,
  isServingError,
  ServingError,
  type SourceAdapter,
  servableId,
} from "@serving-kit/core";
import { Subject } from "rxjs";
import { RecordingTarget } from "./recording-target.js";
import type { Runner, SuiteOptions } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";
import { turn } from "./turn.js";

/** Options for `adapterConformance`. */
export interface AdapterConformanceOptions<I, O> extends SuiteOptions {
  /** Creates a new adapter. */
  create(): SourceAdapter<I, O>;
  /** Data that the adapter converts. */
  readonly data: I;
  /** Data whose conversion throws. For an adapter that can convert any data, skip A3. */
  readonly failingData?: I;
}

/**
 * Registers the tests that verify that a source adapter keeps the contract of `SourceAdapter`: A1 to A4. The adapter
 * may emit some turns of the event loop later than its source.
 *
 * ```ts
 * adapterConformance({ describe, it }, {
 *   name: "lookup",
 *   create: () => lookup(),
 *   data: { path: "./table" },
 *   skip: [{ reason: "making a loader cannot throw", clauses: ["A3"] }],
 * });
 * ```
 */
export function adapterConformance<I, O>(
  runner: Runner,
  options: AdapterConformanceOptions<I, O>,
): void {
  const fixture: Tests = {
    "converts the data": async () => {
      const { target, emit } = connect(options.create());
      await emit([aspire(servableId("m", 1), options.data)]);
      assert.deepEqual(
        target.emissions.map(({ versions }) => versions.map((v) => "data" in v)),
        [[true]],
      );
    },
  };
  registerSuite(runner, options, "SourceAdapter", fixture, adapterClauses(options));
}

function adapterClauses<I, O>(options: AdapterConformanceOptions<I, O>): Tests {
  const { create, data } = options;
  const failed = new ServingError("UNAVAILABLE", "CONFORMANCE", "made by the suite");
  const good = (version: number) => aspire(servableId("m", version), data);
  const bad = (version: number): AspiredVersion<I> => ({
    id: servableId("m", version),
    error: failed,
  });

  return {
    "A1 names, ids, their order and `changed` pass through unchanged": async () => {
      const { target, emit } = connect(create());
      const changed = async () => {};
      const lists = [[{ ...good(3), changed }, good(1), bad(2)], [], [good(1)]];
      for (const versions of lists) await emit(versions);
      await emit([aspire(servableId("other", 1), data)], "other");
      assert.deepEqual(
        target.emissions.map(({ name, versions }) => [name, versions.map(({ id }) => id)]),
        [
          ...lists.map((list) => ["m", list.map(({ id }) => id)]),
          ["other", [servableId("other", 1)]],
        ],
      );
      const [newest] = target.emissions[0]?.versions ?? [];
      assert.ok(newest && "data" in newest, "expected the version with its data");
      assert.equal(newest.changed, changed);
    },

    "A2 errors pass through unchanged": async () => {
      const { target, emit } = connect(create());
      await emit([bad(2), good(1)]);
      const [version] = target.emissions[0]?.versions ?? [];
      assert.ok(version && "error" in version, "expected the version with its error");
      assert.equal(version.error, failed);
    },

    "A2 the error of an empty list passes through unchanged": async () => {
      const { source, target } = connect(create());
      source.next({ name: "m", versions: [], error: failed });
      await turn();
      assert.deepEqual(target.emissions, [{ name: "m", versions: [], error: failed }]);
      source.next({ name: "m", versions: [] });
      await turn();
      assert.equal(target.emissions.at(-1)?.error, undefined, "an error that was taken back");
    },

    "A3 a conversion that throws makes that version an error version": async () => {
      const { failingData } = options;
      assert.ok(
        failingData !== undefined,
        "expected options.failingData, or a skip of A3 with the reason",
      );
      const { target, emit } = connect(create());
      await emit([good(3), aspire(servableId("m", 2), failingData), good(1)]);
      const kinds = target.emissions[0]?.versions.map((v) =>
        "error" in v ? isServingError(v.error) : "data",
      );
      assert.deepEqual(kinds, ["data", true, "data"], "data, a ServingError, data");
      await emit([good(4)]);
      assert.equal(target.emissions.length, 2, "emissions");
    },

    "A4 it subscribes with its subscriber, once, and ends with it": async () => {
      const adapter = create();
      const { source, target, emit, converted } = connect(adapter);
      assert.ok(source.observed, "expected a subscription of the source");
      using second = new RecordingTarget(converted);
      await emit([good(2), good(1)]);
      assert.equal(target.emissions.length, 1, "emissions to the first subscriber");
      assert.equal(second.emissions.length, 1, "emissions to the second subscriber");
      target[Symbol.dispose]();
      await emit([good(1)]);
      assert.equal(target.emissions.length, 1, "emissions after unsubscribe");
      assert.equal(second.emissions.length, 2, "emissions to the one that stays");
      second[Symbol.dispose]();
      await turn();
      assert.ok(!source.observed, "expected no subscription of the source after all have left");
    },

    "A4 it holds nothing before it is subscribed to, and passes the end on": async () => {
      const idle = new Subject<AspiredVersions<I>>();
      create()(idle);
      assert.ok(!idle.observed, "expected no subscription before there is a subscriber");

      const completed = connect(create());
      completed.source.complete();
      await turn();
      assert.ok(completed.target.isCompleted, "expected completion to pass");

      const failing = connect(create());
      failing.source.error(failed);
      await turn();
      assert.equal(failing.target.failure?.error, failed, "the failure of the source");
    },
  };
}

function connect<I, O>(adapter: SourceAdapter<I, O>) {
  const source = new Subject<AspiredVersions<I>>();
  const converted = adapter(source);
  const target = new RecordingTarget(converted);
  const emit = async (versions: readonly AspiredVersion<I>[], name = "m") => {
    source.next({ name, versions });
    await turn();
  };
  return { source, converted, target, emit };
}
