import {
  type AspiredVersion,
  type AspiredVersions,
  aspire,
  type Clock,
  ServingError,
  type Source,
  servableId,
  sourceFrom,
  type Version,
} from "@serving-kit/core";
import { FakeClock, type SourceWorld } from "../src/index.js";

/** The world of a registry source. */
export interface Registry {
  readonly versions: Map<string, readonly Version[]>;
  /** The versions that are emitted with an error, as `name/version`. */
  readonly broken: Set<string>;
  /** The names that have no version for a reason that the source knows. */
  readonly lost: Set<string>;
  looked: number;
}

/** A source that polls a registry in memory, for tests of the suite for sources. */
export function registrySource(registry: Registry, clock: Clock): Source<string> {
  return sourceFrom(async function* (signal) {
    while (!signal.aborted) {
      registry.looked++;
      for (const [name, versions] of registry.versions) yield listOf(registry, name, versions);
      await delay(clock, 1_000, signal);
    }
  });
}

export function listOf(
  registry: Registry,
  name: string,
  versions: readonly Version[],
): AspiredVersions<string> {
  const one = (version: Version): AspiredVersion<string> => {
    const id = servableId(name, version);
    const error = new ServingError("DATA_LOSS", "BROKEN", `${name}/${version} is broken`);
    return registry.broken.has(`${name}/${version}`)
      ? { id, error }
      : aspire(id, `${name}/${version}`);
  };
  if (!registry.lost.has(name)) return { name, versions: versions.map(one) };
  const error = new ServingError("NOT_FOUND", "LOST", `${name} is not in the registry`);
  return { name, versions: [], error };
}

/** A world with a registry source, or with another source of a registry. */
export function registryWorld(
  makeSource: (registry: Registry, clock: FakeClock) => Source<string> = registrySource,
): SourceWorld<string> {
  const clock = new FakeClock();
  const registry: Registry = { versions: new Map(), broken: new Set(), lost: new Set(), looked: 0 };
  return {
    source: makeSource(registry, clock),
    names: ["digits", "faces"],
    aspire: (name, versions) => {
      registry.lost.delete(name);
      registry.versions.set(name, versions);
    },
    breakVersion: ({ name, version }) => void registry.broken.add(`${name}/${version}`),
    lose: (name) => {
      registry.lost.add(name);
      registry.versions.set(name, []);
    },
    pass: () => clock.advance(1_000),
    looked: () => registry.looked,
    held: () => clock.pending,
  };
}

function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
