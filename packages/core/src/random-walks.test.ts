import { FakeClock, FakeLoader, type FakeServable, turn } from "@serving-kit/testing";
import fc from "fast-check";
import { Subject } from "rxjs";
import { expect, it } from "vitest";
import type { AspiredVersions } from "./aspired-versions.js";
import { AspiredVersionsManager } from "./aspired-versions-manager.js";
import { availabilityPreserving } from "./availability-preserving-policy.js";
import { CachingManager } from "./caching-manager.js";
import { ServingError } from "./errors.js";
import type { Loader } from "./loader.js";
import { resourcePreserving } from "./resource-preserving-policy.js";
import type { ServableHandle } from "./servable-handle.js";
import { formatServableId, type ServableId, servableId } from "./servable-id.js";
import type { ManagerEvent } from "./servable-state.js";
import { ServableStateMonitor } from "./servable-state-monitor.js";

const NAMES = ["a", "b"] as const;
const VERSIONS = [0, 1, 2, 3] as const;
const name = fc.constantFrom(...NAMES);
const version = fc.constantFrom(...VERSIONS);
const nth = fc.nat(1_000);

/** Follows what is told of every version and asserts that it makes sense. */
class Watcher {
  readonly states = new Map<string, string>();
  readonly #order = ["start", "loading", "available", "unloading", "end"];

  see(event: ManagerEvent): void {
    if (event.kind !== "state") return;
    const key = formatServableId(event.id);
    const before = this.states.get(key) ?? "end";
    const isNewLife = before === "end";
    if (!isNewLife) {
      expect(this.#order.indexOf(event.state)).toBeGreaterThanOrEqual(this.#order.indexOf(before));
    } else {
      // A life begins at start; that of an error version, or of one that fails at once, at its end.
      expect(["start", "loading", "end"]).toContain(event.state);
    }
    this.states.set(key, event.state);
  }

  isAcquirable({ name, version }: ServableId): boolean {
    return this.states.get(formatServableId({ name, version })) === "available";
  }
}

/** The problems that an observer found: rxjs would not let it fail the walk. */
class Problems {
  readonly #problems: unknown[] = [];

  collect(check: () => void): void {
    try {
      check();
    } catch (problem) {
      this.#problems.push(problem);
    }
  }

  expectNone(): void {
    if (this.#problems.length > 0) throw this.#problems[0];
  }
}

/** The loaders of a walk, and how they behave from now on. */
class Loaders {
  readonly all: FakeLoader[] = [];
  readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  make(behaviour: Behaviour): FakeLoader {
    const { kind, ramBytes } = behaviour;
    const loader = new FakeLoader({
      clock: this.clock,
      resources: { ramBytes },
      honoursAbort: kind !== "hangs through abort",
      ...(kind === "slow" && { loadMs: 30 }),
    });
    if (kind === "fails") loader.failLoads();
    if (kind === "fails once") loader.failLoads(1);
    if (kind === "fails to unload") loader.failUnloads();
    if (kind === "hangs" || kind === "hangs through abort") loader.hangLoads();
    if (kind === "hangs in unload") loader.hangUnloads();
    this.all.push(loader);
    return loader;
  }

  release(n: number): void {
    const loader = this.all[n % Math.max(1, this.all.length)];
    loader?.finishLoads();
    loader?.finishUnloads();
  }

  releaseAll(): void {
    for (const loader of this.all) {
      loader.finishLoads();
      loader.finishUnloads();
    }
  }

  expectNothingLeft(): void {
    for (const { live, loading, unloads, loads } of this.all) {
      expect({ live, loading }).toEqual({ live: 0, loading: 0 });
      expect(unloads).toBeLessThanOrEqual(loads);
    }
  }
}

const behaviour = fc.record({
  kind: fc.constantFrom(
    "loads",
    "loads",
    "slow",
    "fails",
    "fails once",
    "fails to unload",
    "hangs",
    "hangs through abort",
    "hangs in unload",
  ),
  ramBytes: fc.constantFrom(0, 1, 2, 5, 9),
});
type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("aspire" as const),
      name,
      versions: fc.uniqueArray(
        fc.record({ version, origin: fc.option(behaviour, { nil: "error" as const, freq: 6 }) }),
        { maxLength: 4, selector: (v) => v.version },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("acquire" as const), name, version: nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("release" as const), nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("finish" as const), nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("label" as const), name, version }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A manager on its walk, with what must be true after every step. */
class Walk {
  readonly clock = new FakeClock();
  readonly loaders = new Loaders(this.clock);
  readonly watcher = new Watcher();
  readonly lists = new Subject<AspiredVersions<Loader<FakeServable>>>();
  readonly manager: AspiredVersionsManager<FakeServable>;
  readonly monitor: ServableStateMonitor;
  readonly handles: ServableHandle<FakeServable>[] = [];
  readonly aspired = new Map<string, Set<number>>();
  readonly #keepsAvailable: boolean;
  readonly #problems = new Problems();

  constructor(keepsAvailable: boolean, concurrency: number) {
    this.#keepsAvailable = keepsAvailable;
    this.manager = new AspiredVersionsManager<FakeServable>({
      clock: this.clock,
      policy: keepsAvailable ? availabilityPreserving : resourcePreserving,
      loadConcurrency: concurrency,
      initialLoadConcurrency: concurrency,
      unloadConcurrency: concurrency,
      maxLoadRetries: 1,
      loadRetryDelayMs: 20,
      reloadBackoffMs: { min: 40, max: 100 },
      resourceLimits: { ramBytes: 8 },
    });
    this.manager.events.subscribe((event) => {
      this.#problems.collect(() => {
        this.watcher.see(event);
        this.#expectSound(event);
      });
    });
    this.monitor = new ServableStateMonitor(this.manager.events, { clock: this.clock });
    this.manager.connect(this.lists);
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case "aspire":
        this.aspired.set(step.name, new Set(step.versions.map(({ version }) => version)));
        this.lists.next({
          name: step.name,
          versions: step.versions.map(({ version, origin }) => {
            const id = servableId(step.name, version);
            return origin === "error"
              ? { id, error: new ServingError("DATA_LOSS", "BROKEN", "broken") }
              : { id, data: this.loaders.make(origin) };
          }),
        });
        break;
      case "acquire":
        this.#acquire(step.name, step.version);
        break;
      case "release":
        this.handles.splice(step.nth % Math.max(1, this.handles.length), 1)[0]?.release();
        break;
      case "finish":
        this.loaders.release(step.nth);
        break;
      case "pass":
        await this.clock.advance(step.ms);
        break;
      case "label":
        this.manager.setLabels(step.name, { stable: step.version });
    }
    this.expectSound();
    await turn();
    this.expectSound();
  }

  expectSound(): void {
    this.#problems.expectNone();
    for (const handle of this.handles) expect(handle.servable.isUnloaded).toBe(false);
    for (const id of this.manager.listAvailable()) {
      expect(this.watcher.isAcquirable(id)).toBe(true);
      const handle = this.manager.acquire(id);
      expect(handle.servable.isUnloaded).toBe(false);
      handle.release();
    }
    for (const state of this.manager.states()) {
      expect(this.monitor.state(state.id)?.state).toBe(state.state);
    }
    for (const loader of this.loaders.all) expect(loader.live).toBeLessThanOrEqual(1);
  }

  /** Lets everything end, closes, and looks for what is left. */
  async end(): Promise<void> {
    const closed = this.manager.close().catch((error) => {
      expect(error).toMatchObject({ reason: "CLOSE_FAILED" });
    });
    for (const handle of this.handles) handle.release();
    this.loaders.releaseAll();
    await this.clock.advance(30);
    this.loaders.releaseAll();
    await closed;
    this.#problems.expectNone();
    this.loaders.expectNothingLeft();
    expect(this.clock.pending).toBe(0);
    expect(this.manager.states()).toEqual([]);
    expect(this.monitor.liveStates()).toEqual([]);
    expect(this.lists.observed).toBe(false);
  }

  /** Withdraws everything without closing: nothing may be left either. */
  async withdraw(): Promise<void> {
    for (const name of NAMES) {
      this.aspired.set(name, new Set());
      this.lists.next({ name, versions: [] });
    }
    for (const handle of this.handles.splice(0)) handle.release();
    for (let i = 0; i < 4; i++) {
      this.loaders.releaseAll();
      await this.clock.advance(30);
    }
    expect(this.manager.states()).toEqual([]);
    expect(this.clock.pending).toBe(0);
    this.loaders.expectNothingLeft();
    // All that was reserved is free again.
    const all = new FakeLoader({ resources: { ramBytes: 8 } });
    const id = servableId("c", 1);
    this.lists.next({ name: "c", versions: [{ id, data: all }] });
    await this.manager.available(id);
  }

  #acquire(name: string, n: number): void {
    const requests = [{ name }, { name, version: n % 4 }, { name, label: "stable" }];
    try {
      this.handles.push(this.manager.acquire(requests[n % 3] as { name: string }));
    } catch (error) {
      expect(["SERVABLE_NOT_FOUND", "LABEL_NOT_FOUND"]).toContain((error as ServingError).reason);
    }
  }

  #expectSound(event: ManagerEvent): void {
    expect(["state", "labels", "source-ended"]).toContain(event.kind);
    if (event.kind !== "state" || event.state !== "unloading") return;
    const { name, version } = event.id;
    const aspired = this.aspired.get(name);
    const isClosing = !this.lists.observed;
    if (isClosing) return;
    // V2: what is aspired is not unloaded.
    if (!event.waitingFor && this.#isFirstTold(event)) {
      expect(aspired?.has(Number(version))).toBe(false);
    }
    if (!this.#keepsAvailable || aspired?.size === 0) return;
    // P5: another version stays available while something is aspired.
    const others = this.manager.listAvailable().filter((id) => id.name === name);
    if (this.#isFirstTold(event)) expect(others.length).toBeGreaterThan(1);
  }

  /** Returns whether the version can still be acquired. `unloading` is emitted before the version is withdrawn. */
  #isFirstTold(event: ManagerEvent & { kind: "state" }): boolean {
    return this.manager
      .listAvailable()
      .some(({ name, version }) => name === event.id.name && version === event.id.version);
  }
}

it.each([
  ["availability-preserving", 1],
  ["availability-preserving", 4],
  ["resource-preserving", 1],
  ["resource-preserving", 4],
] as const)(
  "a manager with the %s policy and concurrency %i keeps its promises on any walk",
  async (policy, concurrency) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        async (steps, isWithdrawnFirst) => {
          const walk = new Walk(policy === "availability-preserving", concurrency);
          for (const step of steps) await walk.take(step);
          if (isWithdrawnFirst) await walk.withdraw();
          await walk.end();
        },
      ),
      { numRuns: 300 },
    );
  },
  20_000,
);

const cacheStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("acquire" as const),
      name,
      version,
      behaviour,
      timeoutMs: fc.constantFrom(undefined, 10, 60),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("finish" as const), nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(150) }) },
);

it.each([1, 4])(
  "a caching manager with concurrency %i keeps its promises on any walk",
  async (concurrency) => {
    await fc.assert(
      fc.asyncProperty(fc.array(cacheStep, { minLength: 1, maxLength: 40 }), async (steps) => {
        const clock = new FakeClock();
        const loaders = new Loaders(clock);
        const loaderOf = new Map<string, FakeLoader>();
        const watcher = new Watcher();
        let next: Behaviour = { kind: "loads", ramBytes: 1 };
        const manager = new CachingManager<FakeServable>({
          clock,
          resolve: ({ name, version = 0 }) => servableId(name, version),
          loader: (id) => {
            const loader = loaders.make(next);
            const key = formatServableId(id);
            // C1: one load at a time for a version.
            const before = loaderOf.get(key);
            if (before) expect(before.live + before.loading).toBe(0);
            loaderOf.set(key, loader);
            return loader;
          },
          maxServables: 3,
          maxRamBytes: 8,
          loadConcurrency: concurrency,
          failureTtlMs: 50,
        });
        const problems = new Problems();
        manager.events.subscribe((event) => problems.collect(() => watcher.see(event)));
        const handles: ServableHandle<FakeServable>[] = [];
        const asked: Promise<void>[] = [];

        for (const step of steps) {
          if (step.do === "acquire") {
            next = step.behaviour;
            const { name, version, timeoutMs } = step;
            const options = timeoutMs === undefined ? {} : { timeoutMs };
            asked.push(
              manager.acquire({ name, version }, options).then(
                (handle) => void handles.push(handle),
                (error) =>
                  expect([
                    "LOAD_FAILED",
                    "NEVER_FITS",
                    "WAIT_TIMED_OUT",
                    "MANAGER_CLOSED",
                  ]).toContain(error.reason),
              ),
            );
          } else if (step.do === "release") {
            handles.splice(step.nth % Math.max(1, handles.length), 1)[0]?.release();
          } else if (step.do === "finish") loaders.release(step.nth);
          else await clock.advance(step.ms);
          await turn();

          problems.expectNone();
          for (const handle of handles) expect(handle.servable.isUnloaded).toBe(false);
          // C2: also with what is loading and leaving.
          const held = loaders.all.filter(({ live, loading }) => live + loading > 0);
          expect(held.length).toBeLessThanOrEqual(3);
          const ram = await Promise.all(held.map((loader) => loader.estimateResources?.()));
          const sum = ram.reduce((total, amounts) => total + (amounts?.ramBytes ?? 0), 0);
          expect(sum).toBeLessThanOrEqual(8);
          // C3: nobody waits for room while something that could be unloaded stays.
          const states = manager.states();
          const isWaiting = states.some(({ waitingFor }) => waitingFor === "resources");
          const isLeaving = states.some(({ state }) => state === "unloading");
          if (isWaiting && !isLeaving) {
            const idle = states.filter(
              ({ id, state }) =>
                state === "available" &&
                !handles.some((handle) => formatServableId(handle.id) === formatServableId(id)),
            );
            expect(idle).toEqual([]);
          }
        }

        const closed = manager.close().catch((error) => {
          expect(error.reason).toBe("CLOSE_FAILED");
        });
        await turn();
        await Promise.all(asked);
        for (const handle of handles) handle.release();
        loaders.releaseAll();
        await clock.advance(30);
        loaders.releaseAll();
        await closed;
        problems.expectNone();
        loaders.expectNothingLeft();
        expect(clock.pending).toBe(0);
        expect(manager.states()).toEqual([]);
      }),
      { numRuns: 500 },
    );
  },
  20_000,
);
