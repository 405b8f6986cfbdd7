import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isServingError, type LocalLease, type RemotePath } from "@serving-kit/core";
import type { Runner, SuiteOptions } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";
import { turn } from "./turn.js";
import { DEFAULT_TIMEOUT_MS, until } from "./waiting.js";

/** A remote path together with the storage of its files, which the suite modifies. */
export interface RemotePathWorld extends Partial<AsyncDisposable> {
  readonly remote: RemotePath;
  /** Returns the files of the version in the storage now, by relative name; `""` for a version of one file. */
  files(): Readonly<Record<string, string>>;
  /** Replaces the files of the version with others of the same names, or restores them after `remove`. */
  replace(): void | Promise<void>;
  /** Removes the version from the storage. */
  remove(): void | Promise<void>;
  /** Advances time until a fetch can finish. Default: a turn of the event loop. */
  pass?(): void | Promise<void>;
  /** Returns the number of accesses to the storage, if it can be observed. */
  touched?(): number;
  /** Returns the number of leases, partial files, timers and connections, if it can be observed. */
  held?(): number;
}

/** Options for `remotePathConformance`. */
export interface RemotePathConformanceOptions extends SuiteOptions {
  /** Creates a remote path with its own storage of its files. */
  create(): RemotePathWorld | Promise<RemotePathWorld>;
}

/** Registers the tests that verify that remote paths keep the contract of `RemotePath`: R1 to R8. */
export function remotePathConformance(runner: Runner, options: RemotePathConformanceOptions): void {
  registerSuite(runner, options, "RemotePath", {}, remotePathClauses(options));
}

const REASON = new Error("aborted by the suite");

function remotePathClauses(options: RemotePathConformanceOptions): Tests {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const withWorld = (test: (stage: Stage) => Promise<void>) => async () => {
    const world = await options.create();
    try {
      await test(stageOf(world, timeoutMs));
    } finally {
      await world[Symbol.asyncDispose]?.();
    }
  };
  return {
    "R1 making it and reading its members touches nothing": withWorld(async ({ world }) => {
      const { uri, sizeBytes } = world.remote;
      await turn();
      assert.equal(world.touched?.() ?? 0, 0, "accesses of the storage before fetch");
      assert.equal(world.held?.() ?? 0, 0, "held before fetch");
      assert.match(uri, /^[a-z][a-z0-9+.-]+:/, "uri");
      assert.ok(
        sizeBytes === undefined || sizeBytes >= 0,
        `sizeBytes must be >= 0; got ${sizeBytes}`,
      );
    }),

    "R2 the lease has all files, whole, and their size": withWorld(async ({ world, fetch }) => {
      await using lease = await fetch();
      const files = await readFiles(lease.path);
      assert.deepEqual(files, { ...world.files() });
      assert.equal(lease.sizeBytes, bytesOf(files), "sizeBytes of the lease");
      const { sizeBytes = lease.sizeBytes } = world.remote;
      assert.ok(
        sizeBytes >= lease.sizeBytes,
        `sizeBytes must be >= ${lease.sizeBytes}; got ${sizeBytes}`,
      );
    }),

    "R3 the files of a lease stay as they are": withWorld(async ({ world, fetch }) => {
      const before = { ...world.files() };
      await using lease = await fetch();
      await world.replace();
      assert.notDeepEqual({ ...world.files() }, before, "replace must change the files");
      await using _other = await fetch();
      assert.deepEqual(await readFiles(lease.path), before, "after the version was replaced");
      await world.remove();
      assert.deepEqual(await readFiles(lease.path), before, "after the version was removed");
    }),

    "R4 each fetch returns a lease of its own": withWorld(async ({ world, fetch }) => {
      const [first, second] = await Promise.all([fetch(), fetch()]);
      await first[Symbol.asyncDispose]();
      await first[Symbol.asyncDispose]();
      assert.deepEqual(await readFiles(second.path), { ...world.files() }, "of the other lease");
      await second[Symbol.asyncDispose]();
      assert.equal(world.held?.() ?? 0, 0, "held after both were disposed");
    }),

    "R5 a signal that aborts rejects with its reason and leaves nothing": withWorld(
      async ({ rejection, fetch, frees }) => {
        assert.equal(await rejection(AbortSignal.abort(REASON)), REASON, "with an aborted signal");
        const controller = new AbortController();
        const rejecting = rejection(controller.signal);
        controller.abort(REASON);
        assert.equal(await rejecting, REASON, "with a signal that aborts during fetch");
        await frees("after an aborted fetch");
        const { signal } = new AbortController();
        await (await fetch(signal))[Symbol.asyncDispose]();
        assert.equal(getEventListeners(signal, "abort").length, 0, "listeners on the signal");
      },
    ),

    "R6 a fetch that failed may be called again, and fetches what is there then": withWorld(
      async ({ world, rejection, fetch, frees }) => {
        await world.remove();
        await rejection();
        await frees("after a fetch that failed");
        await world.replace();
        await using lease = await fetch();
        assert.deepEqual(await readFiles(lease.path), { ...world.files() });
      },
    ),

    "R7 a version that is gone rejects with a ServingError that has the URI": withWorld(
      async ({ world, rejection }) => {
        await world.remove();
        const error = await rejection();
        assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
        const { uri } = world.remote;
        assert.ok(error.message.includes(uri), `expected ${uri} in "${error.message}"`);
      },
    ),

    "R8 a fetch calls `progressed` when bytes arrive, and never once it has settled": withWorld(
      async ({ fetch }) => {
        const calls = { before: 0, after: 0 };
        const lease = await fetch(undefined, (settled) => calls[settled ? "after" : "before"]++);
        await lease[Symbol.asyncDispose]();
        await turn();
        assert.ok(calls.before > 0, "expected fetch to call progressed at least once");
        assert.equal(calls.after, 0, "calls of progressed after fetch");
      },
    ),
  };
}

interface Stage {
  readonly world: RemotePathWorld;
  /** `progressed` receives whether the fetch had settled before the remote path called it. */
  fetch(signal?: AbortSignal, progressed?: (settled: boolean) => void): Promise<LocalLease>;
  /** Returns the rejection of a fetch. */
  rejection(signal?: AbortSignal): Promise<unknown>;
  frees(when: string): Promise<void>;
}

function stageOf(world: RemotePathWorld, timeoutMs: number): Stage {
  const pass = world.pass?.bind(world) ?? turn;
  const settled = async <T>(promise: Promise<T>, what: string): Promise<T> => {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await until(
      () => isSettled,
      pass,
      timeoutMs,
      () => `expected ${what} to settle`,
    );
    return promise;
  };
  const fetch: Stage["fetch"] = (signal = new AbortController().signal, progressed) => {
    let isSettled = false;
    const run = async () => {
      try {
        return await world.remote.fetch(signal, progressed && (() => progressed(isSettled)));
      } finally {
        // Set here and not when `settled` returns, because event loop turns may pass until then.
        isSettled = true;
      }
    };
    return settled(run(), "fetch");
  };
  return {
    world,
    fetch,
    rejection: (signal) =>
      fetch(signal).then(
        (lease) => assert.fail(`expected fetch to reject; got a lease of ${lease.path}`),
        (error: unknown) => error,
      ),
    frees: (when) =>
      until(
        () => (world.held?.() ?? 0) === 0,
        pass,
        timeoutMs,
        () => `expected nothing held ${when}; got ${world.held?.()}`,
      ),
  };
}

/** Returns the text of the files below a path, by relative name. */
async function readFiles(path: string): Promise<Record<string, string>> {
  if ((await stat(path)).isFile()) return { "": await readFile(path, "utf8") };
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map(async ({ parentPath, name }) => {
    const file = join(parentPath, name);
    return [file.slice(path.length + 1), await readFile(file, "utf8")] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

const bytesOf = (files: Readonly<Record<string, string>>) =>
  Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
