import type { ServableRequest } from "@serving-kit/core";
import type { AcquireDecorator } from "@serving-kit/server";

/** A share of a model's calls, sent to another version, label or model. */
export interface Share extends Partial<ServableRequest> {
  /** The weight relative to the other shares of the model; at least 0. */
  readonly weight: number;
}

export interface TrafficSplitOptions {
  /** The shares of each model. Calls that name a version or a label are not split. */
  readonly models: Readonly<Record<string, readonly Share[]>>;
  /** Seed for repeatable choices. Default: random choices. */
  readonly seed?: number;
}

// #region decorator
/** Splits the calls of models by weight, for example between a version and its canary. */
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

/** The share at a position from 0 to 1 in the sum of all weights. */
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
