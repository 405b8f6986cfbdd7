import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, type Logger, Semaphore, silentLogger } from "@serving-kit/core";
import { FakeClock, turn } from "@serving-kit/testing";
import {
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
} from "@serving-kit/testing/object-store";
import { ModelCache } from "../src/cache/model-cache.js";
import { GuardedStore } from "../src/guarded-store.js";
import { ListingPace } from "../src/listing-pace.js";
import type { ObjectStore } from "../src/object-store.js";
import { type FetchContext, type FetchOutcome, RemoteVersion } from "../src/remote-version.js";
import type { CompletenessRules } from "../src/version-completeness.js";
import { VersionSight } from "../src/version-sight.js";
import { temporaryDirectory } from "./temporary-directory.js";

/** Options for a FetchWorld. */
export interface FetchWorldOptions extends MemoryObjectStoreOptions {
  readonly rules?: Partial<CompletenessRules>;
  readonly context?: Partial<FetchContext>;
  readonly logger?: Logger;
  readonly maxBytes?: number;
  readonly clock?: FakeClock;
}

/** A store in memory and a cache in a temporary folder, on a FakeClock. */
export async function fetchWorld(options: FetchWorldOptions = {}) {
  const { rules, context, logger = silentLogger, clock = new FakeClock(1_000_000) } = options;
  const directory = await temporaryDirectory();
  const store = new MemoryObjectStore({ clock, ...options });
  const dir = join(directory.path, "cache");
  const cacheOf = (ownClock: Clock = clock) => {
    const { maxBytes } = options;
    return new ModelCache({ dir, ...(maxBytes && { maxBytes }) }, ownClock, logger);
  };
  const cache = cacheOf();
  const outcomes: FetchOutcome[] = [];
  const remoteIn = (own: ObjectStore, ofCache: ModelCache, name = "digits/1") => {
    const guard = { clock, pace: new ListingPace(clock), listings: new Semaphore(4) };
    const guarded = new GuardedStore(own, { ...guard, onList: () => {} });
    const place = { prefix: `${name}/`, uri: `memory://bucket/${name}`, open: async () => guarded };
    const sight = new VersionSight(place, { settleMs: 0, ...rules }, clock, true);
    return new RemoteVersion(sight, {
      ...{ cache: ofCache, logger, concurrency: 4, stallMs: 60_000 },
      onFetched: (outcome) => outcomes.push(outcome),
      ...context,
    });
  };
  return {
    ...{ clock, store, cache, dir, outcomes, cacheOf, remoteIn },
    remote: (name?: string) => remoteIn(store, cache, name),
    /** The number of leases and temporary folders in the cache. */
    held: () => filesIn(join(dir, "leases")).length + temporaries(dir).length,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** The temporary folders of a cache. */
export function temporaries(dir: string): string[] {
  return filesIn(join(dir, "versions")).filter((name) => name.endsWith(".tmp"));
}

function filesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Settles as a promise does, while the time of a FakeClock passes. */
export async function whileTimePasses<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) {
    await clock.advance(100);
    await turn();
  }
  return promise;
}
