import type { ServableRequest } from "@serving-kit/core";
import type { AcquireDecorator } from "@serving-kit/server";

/** A part of a model's calls: of another version, label or model. */
export interface Share extends Partial<ServableRequest> {
  /** Relative to the other shares of the model; at least 0. */
  readonly weight: number;
}

export interface TrafficSplitOptions {
  /** The shares of each model. Calls that name a version or a label are not split. */
  readonly models: Readonly<Record<string, readonly Share[]>>;
  /** Makes the same choices in each run. Default: random ones. */
  readonly seed?: number;
}

// #region decorator
/** Splits the calls of models by weights, between a version and its canary for example. */
export function trafficSplit(options: TrafficSplitOptions): AcquireDecorator {
  const shares = new Map(Object.entries(options.models));
  return {
    name: "traffic-split",
    module: { url: import.meta.url, exportName: "trafficSplit", options },
    decorate(acquire) {
      const random = options.seed === undefined ? Math.random : seeded(options.seed);
      return (request) => {
        const split = shares.get(request.name);
        const isOpen = request.version === undefined && request.label === undefined;
        if (split === undefined || !isOpen) return acquire(request);
        const { weight: _, ...target } = choose(split, random());
        return acquire({ ...request, ...target });
      };
    },
  };
}
// #endregion

/** The share at a place from 0 to 1 of all shares. */
function choose(shares: readonly Share[], place: number): Share {
  let rest = place * shares.reduce((sum, { weight }) => sum + weight, 0);
  const found = shares.find(({ weight }) => {
    rest -= weight;
    return rest < 0;
  });
  return found ?? (shares.at(-1) as Share);
}

/** Mulberry32: numbers from 0 to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
