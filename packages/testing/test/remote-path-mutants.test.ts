import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isServingError, type LocalLease, type RemotePath } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { type FakeStorage, remotePathConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";
import { remotePathWorld } from "./storage-worlds.js";

/** The clauses that a remote path breaks, in the words of the suite. */
async function brokenBy(
  change?: (remote: RemotePath, storage: FakeStorage) => RemotePath,
): Promise<string[]> {
  const failures = await failuresOf((runner) =>
    remotePathConformance(runner, {
      name: "mutant",
      create: () => remotePathWorld(change),
      timeoutMs: 1_000,
    }),
  );
  return [...failures.keys()];
}

/** A remote path with another way to fetch. */
const fetching =
  (
    fetch: (
      fetch: (signal: AbortSignal) => Promise<LocalLease>,
      signal: AbortSignal,
      storage: FakeStorage,
    ) => Promise<LocalLease>,
  ) =>
  (remote: RemotePath, storage: FakeStorage): RemotePath => ({
    ...remote,
    fetch: (signal, progressed) =>
      fetch((given) => remote.fetch(given, progressed), signal, storage),
  });

describe("remotePathConformance rejects a remote path", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy()).toEqual([]);
  });

  it("R1 that reads the storage when it is made", async () => {
    const eager = (remote: RemotePath, storage: FakeStorage) => {
      storage.reads++;
      return remote;
    };
    expect(await brokenBy(eager)).toEqual(["R1"]);
  });

  it("R2 that omits a file, or reports a size other than that of the files", async () => {
    const truncating = fetching(async (fetch, signal) => {
      const lease = await fetch(signal);
      await writeFile(join(lease.path, "model"), "");
      return lease;
    });
    expect(await brokenBy(truncating)).toContain("R2");
    const smaller = (remote: RemotePath) => ({ ...remote, sizeBytes: 1 });
    expect(await brokenBy(smaller)).toEqual(["R2"]);
  });

  it("R3 that writes into files that were fetched", async () => {
    let first: string | undefined;
    const overwriting = fetching(async (fetch, signal) => {
      const lease = await fetch(signal);
      const text = await readFile(join(lease.path, "model"), "utf8");
      if (first !== undefined) await writeFile(join(first, "model"), text).catch(() => {});
      first = lease.path;
      return lease;
    });
    expect(await brokenBy(overwriting)).toEqual(["R3"]);
  });

  it("R4 whose leases end together", async () => {
    const sharing = () => {
      let lease: Promise<LocalLease> | undefined;
      return fetching((fetch, signal) => {
        lease ??= fetch(signal);
        return lease;
      });
    };
    const shared = (remote: RemotePath, storage: FakeStorage) => sharing()(remote, storage);
    expect(await brokenBy(shared)).toContain("R4");
  });

  it("R5 that rejects with an error of its own, ignores the signal, or leaves a listener", async () => {
    const own = fetching((fetch, signal) =>
      fetch(signal).catch((error) => {
        throw signal.aborted ? new Error("AbortError") : error;
      }),
    );
    const deaf = fetching((fetch) => fetch(new AbortController().signal));
    const leaving = fetching((fetch, signal) => {
      signal.addEventListener("abort", () => {});
      return fetch(signal);
    });
    for (const mutant of [own, deaf, leaving]) expect(await brokenBy(mutant)).toEqual(["R5"]);
  });

  it("R6 that remembers a failure, or keeps a part", async () => {
    const remembering = (remote: RemotePath) => {
      let failure: unknown;
      return {
        ...remote,
        fetch: (signal: AbortSignal, progressed?: () => void) =>
          failure
            ? Promise.reject(failure)
            : remote.fetch(signal, progressed).catch((error) => {
                failure = error;
                throw error;
              }),
      };
    };
    expect(await brokenBy(remembering)).toContain("R6");
    const keeping = fetching((fetch, signal, storage) =>
      fetch(signal).catch((error) => {
        if (isServingError(error)) storage.leases++;
        throw error;
      }),
    );
    expect(await brokenBy(keeping)).toEqual(["R6"]);
  });

  it("R7 whose error is a plain Error", async () => {
    const plain = fetching((fetch, signal) =>
      fetch(signal).catch((error) => {
        throw isServingError(error) ? new Error(error.message) : error;
      }),
    );
    expect(await brokenBy(plain)).toEqual(["R7"]);
  });

  it("R8 that never reports that bytes have arrived, or reports it late", async () => {
    const silent = (remote: RemotePath): RemotePath => ({
      ...remote,
      fetch: (signal) => remote.fetch(signal),
    });
    const late = (remote: RemotePath): RemotePath => ({
      ...remote,
      fetch: async (signal, progressed) => {
        const lease = await remote.fetch(signal, progressed);
        setImmediate(() => progressed?.());
        return lease;
      },
    });
    for (const mutant of [silent, late]) expect(await brokenBy(mutant)).toEqual(["R8"]);
  });
});
