import assert from "node:assert/strict";
import type { AspiredVersions, Version } from "@serving-kit/core";
import { RecordingTarget } from "./recording-target.js";
import type { SourceWorld } from "./source-world.js";
import { turn } from "./turn.js";
import { until } from "./waiting.js";

/** Number of passes of a world after which the suite assumes that no more emissions follow. */
const QUIET_PASSES = 3;

type OnEmission<T> = ConstructorParameters<typeof RecordingTarget<T>>[1];

/** A world with the steps of the tests. */
export interface SourceStage<T> {
  readonly world: SourceWorld<T>;
  readonly first: string;
  /** Records the emissions of the source. */
  subscribe(onEmission?: OnEmission<T>): RecordingTarget<T>;
  /** Advances time until a condition holds. */
  comes(target: RecordingTarget<T>, condition: () => boolean, what: string): Promise<void>;
  /** Advances time until the newest list of a name has exactly these versions. */
  lists(target: RecordingTarget<T>, name: string, versions: readonly Version[]): Promise<void>;
  /** Advances time until the source holds no resources. */
  frees(when: string): Promise<void>;
  /** Advances time far enough for any further emission. */
  quiet(): Promise<void>;
}

/** Creates the steps for a world. */
export function makeStage<T>(world: SourceWorld<T>, timeoutMs: number): SourceStage<T> {
  const pass = world.pass?.bind(world) ?? turn;
  const comes: SourceStage<T>["comes"] = (target, condition, what) => {
    const seen = () => target.emissions.map((e) => `${e.name}: [${kindsOf(e)}]`).join("; ");
    const check = () => {
      if (target.failure)
        assert.fail(`expected ${what}; the source failed: ${target.failure.error}`);
      return condition();
    };
    return until(check, pass, timeoutMs, () => `expected ${what}; got ${seen() || "nothing"}`);
  };
  return {
    world,
    first: world.names[0] as string,
    subscribe: (onEmission) => new RecordingTarget(world.source, onEmission),
    comes,
    lists(target, name, versions) {
      const isListed = () => versionsOf(target.latest(name))?.join() === versions.join();
      return comes(target, isListed, `[${versions}] as the newest list of ${name}`);
    },
    frees: (when) =>
      until(
        () => (world.held?.() ?? 0) === 0,
        pass,
        timeoutMs,
        () => `expected nothing held ${when}; got ${world.held?.()}`,
      ),
    async quiet() {
      for (let i = 0; i < QUIET_PASSES; i++) {
        await pass();
        await turn();
      }
    },
  };
}

/** Asserts that the source has not failed. */
export function assertOpen(target: RecordingTarget<unknown>): void {
  assert.ok(!target.failure, `expected no failure of the source; got ${target.failure?.error}`);
}

/** Returns the versions of a list, oldest first. */
export function versionsOf(emission: AspiredVersions<unknown> | undefined): Version[] | undefined {
  return emission?.versions.map(({ id }) => id.version).sort(ascending);
}

/** Returns each version of a list with whether it has data or an error, oldest first. */
export function kindsOf(emission: AspiredVersions<unknown> | undefined): string[] {
  const versions = emission?.versions.toSorted((a, b) => ascending(a.id.version, b.id.version));
  return (versions ?? []).map((v) => `${v.id.version} ${"error" in v ? "error" : "data"}`);
}

function ascending(a: Version, b: Version): number {
  return a < b ? -1 : Number(a > b);
}
