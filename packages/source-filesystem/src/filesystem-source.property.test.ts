import type { AspiredVersions } from "@serving-kit/core";
import { FakeClock, RecordingTarget } from "@serving-kit/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { FileSystem } from "./file-system.js";
import { filesystemSource } from "./filesystem-source.js";
import { all, latest, type ServableVersionPolicy, specific } from "./index.js";

type Step =
  | { readonly kind: "write" | "empty" | "remove"; readonly version: bigint }
  | { readonly kind: "policy"; readonly policy: ServableVersionPolicy }
  | { readonly kind: "outage" | "poll" };

const version = fc.bigInt({ min: 0n, max: 5n });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("write", "write", "empty", "remove"), version }),
  fc.record({
    kind: fc.constant("policy"),
    policy: fc.oneof(
      fc.integer({ min: 1, max: 3 }).map(latest),
      fc.constant(all()),
      fc.array(version).map(specific),
    ),
  }),
  fc.record({ kind: fc.constantFrom("outage", "poll", "poll") }),
);

/** A base path: the versions with whether they have files, and whether it can be read. */
class World {
  readonly versions = new Map<bigint, boolean>();
  isOut = false;
  readonly fileSystem: FileSystem = {
    stat: async (path) => {
      this.#check();
      const times = { mtimeMs: 0, ctimeMs: 0, ino: 0, dev: 0, size: 1 };
      return { ...times, isDirectory: () => !path.endsWith("model") };
    },
    list: async (path) => {
      this.#check();
      if (path === "/m") return Array.from(this.versions.keys(), String);
      return this.versions.get(BigInt(path.slice("/m/".length))) ? ["model"] : [];
    },
  };
  #check(): void {
    if (this.isOut) throw Object.assign(new Error("EIO"), { code: "EIO" });
  }
}

/** A list by its versions, and the reason of its error. */
interface List {
  readonly versions: readonly bigint[];
  readonly reason?: string | undefined;
}

/** The state that must hold after a check, by the sentences F1 to F3 and O10 alone. */
function expected(
  world: World,
  policy: ServableVersionPolicy,
  before: List | undefined,
): List | undefined {
  const isServed = before !== undefined && before.versions.length > 0;
  if (world.isOut) return isServed ? before : { versions: [], reason: "BASE_PATH_UNREACHABLE" };
  const eligible = [...world.versions.keys()]
    .filter((each) => policy.kind !== "specific" || policy.versions.has(each))
    .sort((a, b) => Number(b - a));
  const whole = eligible.filter(
    (each) => world.versions.get(each) || before?.versions.includes(each),
  );
  if (whole.length === 0 && eligible.length > 0) return isServed ? before : before && nothing();
  if (whole.length === 0) {
    return nothing(world.versions.size === 0 ? "NO_VERSIONS_FOUND" : "VERSIONS_MISSING");
  }
  return { versions: policy.kind === "latest" ? whole.slice(0, policy.numVersions) : whole };
}

const nothing = (reason?: string): List => ({ versions: [], reason });

const listOf = ({ versions, error }: AspiredVersions<unknown>): List => ({
  versions: versions.map(({ id }) => id.version),
  reason: error?.reason,
});

it("F1 F2 F3 O10 after any sequence of events, the current list matches the contract", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new World();
      const clock = new FakeClock();
      let policy: ServableVersionPolicy = latest();
      const servables = () => [{ name: "m", basePath: "/m", versionPolicy: policy }];
      const source = filesystemSource({
        servables: servables(),
        fileSystem: world.fileSystem,
        settleMs: 0,
        watch: false,
        clock,
        // All was written just now, so that no version has stalled.
        wallTimeMs: () => 0,
      });
      const target = new RecordingTarget(source);
      let inForce: List | undefined;
      for (const next of [...steps, { kind: "poll" } as const]) {
        if (next.kind === "write") world.versions.set(next.version, true);
        else if (next.kind === "empty") world.versions.set(next.version, false);
        else if (next.kind === "remove") world.versions.delete(next.version);
        else if (next.kind === "outage") world.isOut = !world.isOut;
        else {
          if (next.kind === "policy") {
            policy = next.policy;
            void source.reconfigure(servables());
            // Not known until it was looked at.
            if (inForce?.reason) inForce = nothing();
          }
          await source.poll();
          inForce = expected(world, policy, inForce);
          const latest = target.latest("m");
          expect(latest && listOf(latest)).toEqual(inForce);
        }
      }
      const lists = target.emissions.map(listOf);
      for (const [index, list] of lists.entries()) expect(list).not.toEqual(lists[index - 1]);
      target[Symbol.dispose]();
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 200 },
  );
});
