import assert from "node:assert/strict";
import {
  type AspiredVersionPolicy,
  formatServableId,
  isSameServable,
  type PolicyAction,
  servableId,
  type Version,
  type VersionSnapshot,
} from "@serving-kit/core";
import fc from "fast-check";

type State = VersionSnapshot["state"];

interface SimulatedVersion {
  readonly version: Version;
  readonly isAspired: boolean;
  state: State;
}

const STATES: readonly State[] = ["new", "loading", "ready", "leaving"];

/** Generates snapshots of up to six versions, newest first. A version that is not aspired is never new. */
export function snapshots(): fc.Arbitrary<VersionSnapshot[]> {
  const version = fc
    .record({
      version: fc.nat(20),
      isAspired: fc.boolean(),
      state: fc.constantFrom(...STATES),
    })
    .filter(({ isAspired, state }) => isAspired || state !== "new");
  return fc
    .uniqueArray(version, { maxLength: 6, selector: (v) => v.version })
    .map((versions) =>
      versions
        .sort((a, b) => b.version - a.version)
        .map(({ version, ...rest }) => ({ id: servableId("m", version), ...rest })),
    );
}

/**
 * A simulated manager of one servable, reduced to the facts that a policy can see. It calls the policy, executes its
 * action, and ends loads and unloads in an order that the choices determine.
 */
export class ManagerSimulation {
  /** The snapshot in which an unload removed the last ready version while a version was aspired. */
  gaveUpLastReady: readonly VersionSnapshot[] | undefined;
  readonly #policy: AspiredVersionPolicy;
  readonly #choose: () => number;
  #versions: SimulatedVersion[];

  constructor(
    policy: AspiredVersionPolicy,
    versions: readonly VersionSnapshot[],
    choose: () => number,
  ) {
    this.#policy = policy;
    this.#choose = choose;
    this.#versions = versions.map(({ id, isAspired, state }) => ({
      version: id.version,
      isAspired,
      state,
    }));
  }

  /** The aspired versions, newest first. */
  get aspired(): Version[] {
    return this.#where((v) => v.isAspired);
  }

  /** The versions that are ready, newest first. */
  get ready(): Version[] {
    return this.#where((v) => v.state === "ready");
  }

  /** The aspired versions that are ready or have failed, newest first. */
  get readyOrFailed(): Version[] {
    return this.#where((v) => v.isAspired && (v.state === "ready" || v.state === "failed"));
  }

  /** Runs until the policy has no action and no load or unload is in progress. Fails if that never happens. */
  run({ canFail }: { canFail: boolean }): void {
    // Each version needs at most one load and one unload, and as many ends of them.
    const limit = 8 * this.#versions.length + 8;
    for (let step = 0; step < limit; step++) {
      const underWay = this.#versions.filter((v) => v.state === "loading" || v.state === "leaving");
      const snapshot = this.#snapshot();
      // Interleave actions of the policy with loads and unloads that end by themselves, in any order.
      const asks = underWay.length === 0 || this.#choose() % 2 === 0;
      const action = asks ? this.#policy(snapshot) : undefined;
      if (action !== undefined) this.#do(action, snapshot);
      else if (underWay.length === 0) return;
      else this.#end(underWay[this.#choose() % underWay.length] as SimulatedVersion, canFail);
    }
    assert.fail(`expected the policy to come to an end within ${limit} steps`);
  }

  #do(action: PolicyAction, snapshot: readonly VersionSnapshot[]): void {
    const version = this.#versions.find((v) =>
      isSameServable(action.id, servableId("m", v.version)),
    );
    assert.ok(version, `${action.kind} of unknown ${formatServableId(action.id)}`);
    if (action.kind === "load") {
      version.state = "loading";
      return;
    }
    const isLast = version.state === "ready" && this.ready.length === 1;
    if (isLast && this.aspired.length > 0) this.gaveUpLastReady ??= snapshot;
    version.state = "leaving";
  }

  #end(version: SimulatedVersion, canFail: boolean): void {
    if (version.state === "loading") {
      const fails = canFail && this.#choose() % 3 === 0;
      version.state = fails ? "failed" : "ready";
    } else {
      // A version that is aspired again starts a new load cycle.
      version.state = "new";
    }
    const isGone = !version.isAspired && version.state !== "ready";
    if (isGone) this.#versions = this.#versions.filter((v) => v !== version);
  }

  #snapshot(): VersionSnapshot[] {
    return this.#versions.map(({ version, isAspired, state }) => ({
      id: servableId("m", version),
      isAspired,
      state,
    }));
  }

  #where(condition: (version: SimulatedVersion) => boolean): Version[] {
    return this.#versions.filter(condition).map((v) => v.version);
  }
}
