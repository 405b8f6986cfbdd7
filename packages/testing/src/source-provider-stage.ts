import assert from "node:assert/strict";
import {
  isRemotePath,
  type ModelSource,
  type RemotePath,
  type SourceActivityEvent,
  type SourceEvent,
  type SourceServable,
  type StoragePath,
  silentLogger,
  systemClock,
  type Version,
} from "@serving-kit/core";
import { RecordingTarget } from "./recording-target.js";
import type { SourceProviderWorld } from "./source-provider-world.js";
import { versionsOf } from "./source-stage.js";
import { turn } from "./turn.js";
import { until } from "./waiting.js";

/** Number of passes of a world after which the suite assumes that no more emissions follow. */
const QUIET_PASSES = 3;

/** A world of a source provider, with the steps of its conformance tests. */
export class SourceProviderStage implements Disposable {
  readonly world: SourceProviderWorld;
  readonly first: SourceServable;
  readonly second: SourceServable;
  readonly events: SourceEvent[] = [];
  readonly activities: SourceActivityEvent[] = [];
  target!: RecordingTarget<StoragePath | RemotePath>;
  readonly #timeoutMs: number;
  readonly #pass: () => void | Promise<void>;

  constructor(world: SourceProviderWorld, timeoutMs: number) {
    const resolved = world.basePaths.map((path) => world.provider.resolve?.(path) ?? path);
    this.world = world;
    this.first = { name: "first", basePath: resolved[0] as string };
    this.second = { name: "second", basePath: resolved[1] as string };
    this.#timeoutMs = timeoutMs;
    this.#pass = world.pass?.bind(world) ?? turn;
  }

  create(servables: readonly SourceServable[]): ModelSource {
    const { context } = this.world;
    const defaults = { clock: systemClock, logger: silentLogger };
    return this.world.provider.create({ ...defaults, ...context, servables });
  }

  subscribe(servables: readonly SourceServable[]): ModelSource {
    const source = this.create(servables);
    this.record(source);
    return source;
  }

  record(source: ModelSource): void {
    source.events.subscribe((event) => {
      if (event.kind === "activity") this.activities.push(event);
      else this.events.push(event);
    });
    this.target = new RecordingTarget(source);
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  /** Returns the number of times that the source reported an activity. */
  did(what: SourceActivityEvent["activity"]["what"]): number {
    return this.activities.filter(({ activity }) => activity.what === what).length;
  }

  /** Fetches the newest version of a name, and disposes its lease. */
  async fetches(name: string): Promise<{ readonly sizeBytes: number }> {
    const [version] = this.target.latest(name)?.versions ?? [];
    const data = version && "data" in version ? version.data : undefined;
    assert.ok(data && isRemotePath(data), "expected a remote path");
    let sizeBytes = 0;
    const fetching = async () => {
      await using lease = await data.fetch(new AbortController().signal);
      sizeBytes = lease.sizeBytes;
    };
    await this.settles(fetching(), "fetch");
    return { sizeBytes };
  }

  comes(condition: () => boolean, what: string): Promise<void> {
    const seen = () =>
      this.target.emissions.map((e) => `${e.name}: [${versionsOf(e)}]`).join("; ") || "nothing";
    return until(condition, this.#pass, this.#timeoutMs, () => `expected ${what}; got ${seen()}`);
  }

  lists(name: string, versions: readonly Version[]): Promise<void> {
    const isListed = () => versionsOf(this.target.latest(name))?.join() === versions.join();
    return this.comes(isListed, `[${versions}] as the newest list of ${name}`);
  }

  /** Polls once. The list of a name must be available when the poll resolves. */
  async polls(source: ModelSource, name: string, versions: readonly Version[]): Promise<void> {
    const isListed = () => versionsOf(this.target.latest(name))?.join() === versions.join();
    let isListedThen = false;
    const poll = async () => {
      await source.poll();
      isListedThen = isListed();
    };
    await this.settles(poll(), "poll");
    assert.ok(isListedThen, `expected [${versions}] as the list of ${name} when poll resolved`);
  }

  async settles(promise: Promise<unknown>, what: string): Promise<void> {
    let outcome: { readonly error?: unknown } | undefined;
    promise.then(
      () => {
        outcome = {};
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    const isSettled = () => outcome !== undefined;
    await until(isSettled, this.#pass, this.#timeoutMs, () => `expected ${what} to settle`);
    assert.ok(!("error" in (outcome ?? {})), `expected ${what} to resolve; got ${outcome?.error}`);
  }

  async quiet(): Promise<void> {
    for (let i = 0; i < QUIET_PASSES; i++) {
      await this.#pass();
      await turn();
    }
  }

  [Symbol.dispose](): void {
    this.target?.[Symbol.dispose]();
  }
}
