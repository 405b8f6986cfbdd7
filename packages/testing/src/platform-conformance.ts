import assert from "node:assert/strict";
import { type Clock, isServingError, servableId, systemClock, unload } from "@serving-kit/core";
import type { InstallLibraryOptions, Platform, Predictor, Tensors } from "@serving-kit/inference";
import { readTree } from "./read-tree.js";
import type { Runner, SuiteOptions } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";
import { DEFAULT_TIMEOUT_MS, rejectionOf, within } from "./waiting.js";

/** Options for `platformConformance`. */
export interface PlatformConformanceOptions extends SuiteOptions {
  /** Creates a new platform. */
  create(): Platform;
  /** The path of a complete model that the platform accepts. */
  readonly path: string;
  /** A valid call of the model. */
  readonly call: { readonly inputs: Tensors; readonly signature?: string };
  /** Paths of models of this platform that lack files. Default none: G3 is then tested only on complete models. */
  readonly incomplete?: readonly string[];
  /** A path that exists and does not contain a model of this platform. */
  readonly foreign: string;
  /** An installation to test, in an empty `dir`. Default: G7 is not tested, since it may download a lot. */
  readonly install?: InstallLibraryOptions & { readonly dir: string };
}

/** Time in ms by which the clock of G9 is ahead of the system's clock. */
const AHEAD_MS = 1e9;

/**
 * Registers the tests that verify that a platform keeps the contract of `Platform`: G1 to G9. Members that the platform
 * lacks are not tested.
 *
 * ```ts
 * platformConformance({ describe, it }, {
 *   name: "lookup",
 *   create: () => lookup(),
 *   path: "./table",
 *   call: { inputs },
 *   foreign: "./empty",
 * });
 * ```
 */
export function platformConformance(runner: Runner, options: PlatformConformanceOptions): void {
  registerSuite(runner, options, "Platform", fixtureTests(options), {
    ...fileClauses(options),
    ...libraryClauses(options),
    ...clockClauses(options),
  });
}

function fixtureTests({
  create,
  path,
  call,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: PlatformConformanceOptions): Tests {
  return {
    "loads the model and answers the call": async () => {
      const predictor = await within(load(create(), path), timeoutMs, "expected load to end");
      try {
        await predictor.predict(call.inputs, callOptions(call));
      } finally {
        await unload(predictor);
      }
    },
  };
}

function fileClauses(options: PlatformConformanceOptions): Tests {
  const { create, path, foreign, incomplete = [], timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const missing = `${path}-that-does-not-exist`;
  return {
    "G1 making it and its loaders begins nothing": async () => {
      const resources = process.getActiveResourcesInfo().length;
      for (let i = 0; i < 100; i++) create().loader({ path: missing }, servableId("m", 1));
      assert.equal(process.getActiveResourcesInfo().length, resources, "requests and timers begun");
    },

    "G2 it accepts its models, complete or not, and nothing else": async () => {
      const platform = create();
      for (const own of [path, ...incomplete]) {
        assert.equal(await platform.accepts(own), true, `accepts ${own}`);
      }
      for (const other of [foreign, missing]) {
        assert.equal(await platform.accepts(other), false, `accepts ${other}`);
      }
    },

    "G3 a model is complete if it lacks no file; else the missing file is named": async () => {
      const platform = create();
      assert.deepEqual(await platform.isComplete(path), { isComplete: true }, path);
      for (const half of incomplete) {
        const answer = await platform.isComplete(half);
        assert.ok(!answer.isComplete, `${half}: expected it not to be complete`);
        assert.ok(answer.problem.trim() !== "", `${half}: expected what is missing; got nothing`);
      }
    },

    "G4 inspect describes a model with its path and signatures, and rejects anything else":
      async () => {
        const platform = create();
        if (!platform.inspect) return;
        const { description, problems } = await platform.inspect(path);
        assert.ok(description.includes(path), `expected ${path} in:\n${description}`);
        assert.deepEqual(problems, [], "problems of a model that loads");
        const predictor = await load(platform, path);
        await unload(predictor);
        for (const name of predictor.signatures.keys()) {
          assert.ok(description.includes(name), `expected signature ${name} in:\n${description}`);
        }
        for (const other of [foreign, missing]) {
          const inspect = async () => platform.inspect?.(other);
          const error = await rejectionOf(inspect, timeoutMs, `inspect of ${other}`);
          assert.ok(
            isServingError(error),
            `inspect of ${other}: expected a ServingError; got ${error}`,
          );
          assert.ok(error.message.includes(other), `expected ${other} in: ${error.message}`);
        }
      },

    "G5 inspect changes no file": async () => {
      const platform = create();
      if (!platform.inspect) return;
      const before = await readTree(path);
      await platform.inspect(path);
      assert.deepEqual(await readTree(path), before, "the files after inspect");
    },
  };
}

function libraryClauses(options: PlatformConformanceOptions): Tests {
  const { create, install, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return {
    "G6 libraryReport returns a library, or a problem with a remedy": async () => {
      const platform = create();
      if (!platform.libraryReport) return;
      const nowhere = "/a-library-that-does-not-exist";
      const aborted = AbortSignal.abort(new Error("aborted by the suite"));
      for (const request of [{}, { library: nowhere }, { signal: aborted }]) {
        const report = await platform.libraryReport(request);
        assert.ok(report.name.trim() !== "", "expected the name of the library");
        const hasAdvice = Boolean(report.problem?.trim()) && Boolean(report.remedy?.trim());
        const what = `with ${JSON.stringify(request)}: ${JSON.stringify(report)}`;
        assert.ok(report.opened !== undefined || hasAdvice, `expected problem and remedy ${what}`);
        if ("library" in request) assert.equal(report.opened?.path, undefined, `opened ${what}`);
      }
    },

    "G7 install installs a library that libraryReport opens, once": async () => {
      const platform = create();
      if (!platform.install || install === undefined) return;
      const first = await platform.install(install);
      assert.equal(first.isNew, true, "isNew of the first installation");
      const report = await platform.libraryReport?.({ library: first.library });
      assert.ok(report?.opened, `expected ${first.library} to open; got ${report?.problem}`);
      const before = await readTree(install.dir);
      const second = await platform.install(install);
      assert.equal(second.isNew, false, "isNew of the second installation");
      assert.deepEqual(await readTree(install.dir), before, "the files after the second one");
    },

    "G8 install rejects with the reason of a signal that aborts": async () => {
      const platform = create();
      if (!platform.install) return;
      const reason = new Error("aborted by the suite");
      const signal = AbortSignal.abort(reason);
      const call = async () => platform.install?.({ ...install, signal });
      assert.equal(await rejectionOf(call, timeoutMs, "install"), reason);
    },
  };
}

function clockClauses({
  create,
  path,
  call,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: PlatformConformanceOptions): Tests {
  return {
    "G9 deadlines refer to the clock of load": async () => {
      const clock: Clock = { ...systemClock, now: () => systemClock.now() + AHEAD_MS };
      const predictor = await within(
        load(create(), path, clock),
        timeoutMs,
        "expected load to end",
      );
      try {
        const predict = (deadlineAtMs: number) =>
          predictor.predict(call.inputs, { ...callOptions(call), deadlineAtMs });
        await predict(clock.now() + 60_000);
        const late = () => predict(clock.now() - 1);
        const error = await rejectionOf(late, timeoutMs, "a call whose deadline has passed");
        assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
        assert.equal(error.code, "DEADLINE_EXCEEDED");
      } finally {
        await unload(predictor);
      }
    },
  };
}

function load(platform: Platform, path: string, clock: Clock = systemClock): Promise<Predictor> {
  const id = servableId("conformance", 1);
  const { signal } = new AbortController();
  return platform.loader({ path }, id).load({ id, signal, clock });
}

const callOptions = ({ signature }: PlatformConformanceOptions["call"]) =>
  signature === undefined ? {} : { signature };
