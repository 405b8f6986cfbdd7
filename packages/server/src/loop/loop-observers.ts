import type { StartedBatch } from "@serving-kit/batching";
import type { LoadContext, ServableId, SourceActivityEvent } from "@serving-kit/core";
import type { ModelConfig } from "../config/model-config.js";
import { errors } from "../errors.js";
import type {
  CallObservation,
  CallStart,
  LoopObserver,
  Observer,
  ObserverHost,
  ObserverPeer,
} from "../plugins/observer.js";
import type { Protocol } from "../plugins/protocol.js";
import type { Refusal } from "../refusal.js";

/** The calls of an event loop's observers to the observers of the same name in other loops. */
export interface ObserverLinks {
  peers(name: string): Iterable<ObserverPeer>;
  askMain(name: string, message: unknown): Promise<unknown>;
  newsChanged(): void;
}

/** The observers of one event loop, combined. */
export class LoopObservers implements AsyncDisposable {
  readonly #byName = new Map<string, LoopObserver>();
  readonly #beginning: readonly LoopObserver[];

  constructor(
    observers: readonly Observer[],
    host: Omit<ObserverHost, keyof ObserverLinks>,
    links: ObserverLinks,
  ) {
    for (const observer of observers) {
      const { name } = observer;
      if (this.#byName.has(name)) throw errors.pluginTwice("observer", name);
      const own = observer.observe({
        ...host,
        peers: () => links.peers(name),
        askMain: (message) => links.askMain(name, message),
        newsChanged: () => links.newsChanged(),
      });
      this.#byName.set(name, own);
    }
    this.#beginning = [...this.#byName.values()].filter(({ begin }) => begin !== undefined);
  }

  /** The protocols that observers add. */
  get protocols(): readonly Protocol[] {
    return [...this.#byName.values()].flatMap(({ protocols = [] }) => protocols);
  }

  /** Contract: `LoopObserver.begin`, of all. */
  begin(start: CallStart): CallObservation | undefined {
    if (this.#beginning.length < 2) return this.#beginning[0]?.begin?.(start);
    const begun: CallObservation[] = [];
    for (const observer of this.#beginning) {
      const observation = observer.begin?.(start);
      if (observation !== undefined) begun.push(observation);
    }
    return begun.length < 2 ? begun[0] : new Together(begun);
  }

  /** Contract: `LoopObserver.batchStarted`, of all; undefined if none has it. */
  get batchStarted(): ((batch: StartedBatch) => void) | undefined {
    const watching = [...this.#byName.values()].filter(({ batchStarted }) => batchStarted);
    if (watching.length === 0) return undefined;
    return (batch) => {
      for (const observer of watching) observer.batchStarted?.(batch);
    };
  }

  /** Contract: `LoopObserver.refused`, of all. */
  refused(kind: Refusal): void {
    for (const observer of this.#byName.values()) observer.refused?.(kind);
  }

  /** Contract: `LoopObserver.loading`, of all. */
  loading(id: ServableId, path: string): LoadContext["warmingUp"] {
    const all = [...this.#byName.values()].flatMap((one) => one.loading?.(id, path) ?? []);
    if (all.length < 2) return all[0];
    return () => {
      const ends = all.map((warmingUp) => warmingUp());
      return (outcome) => {
        for (const end of ends) end(outcome);
      };
    };
  }

  /** Contract: `LoopObserver.sourceActivity`, of all. */
  sourceActivity(event: SourceActivityEvent): void {
    for (const observer of this.#byName.values()) observer.sourceActivity?.(event);
  }

  /** Contract: `LoopObserver.configure`, of all. */
  configure(models: readonly ModelConfig[]): void {
    for (const observer of this.#byName.values()) observer.configure?.(models);
  }

  /** Contract: `LoopObserver.reopenLogs`, of all. */
  reopenLogs(): void {
    for (const observer of this.#byName.values()) observer.reopenLogs?.();
  }

  /** Contract: `LoopObserver.counts`, of all; 0 for a name that none knows. */
  async counts(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map(names.map((name) => [name, 0]));
    for (const observer of this.#byName.values()) {
      for (const [name, count] of (await observer.counts?.(names)) ?? []) {
        counts.set(name, (counts.get(name) ?? 0) + count);
      }
    }
    return counts;
  }

  /** Contract: `LoopObserver.answer`, of the observer of this name. */
  async answer(name: string, message: unknown): Promise<unknown> {
    return this.#byName.get(name)?.answer?.(message);
  }

  /** Contract: `LoopObserver.news`, of all by name. */
  news(): ReadonlyMap<string, unknown> {
    return new Map(
      [...this.#byName].flatMap(([name, own]) => (own.news ? [[name, own.news()]] : [])),
    );
  }

  /** Contract: `LoopObserver.learn`, of all by name. */
  learn(news: ReadonlyMap<string, unknown>): void {
    for (const [name, own] of news) this.#byName.get(name)?.learn?.(own);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#byName.values()];
    await Promise.all(all.map((observer) => observer[Symbol.asyncDispose]?.()));
  }
}

/** Several observations of one call, each of which receives all events in order. */
class Together implements CallObservation {
  readonly fact?: NonNullable<CallObservation["fact"]>;
  readonly #all: readonly CallObservation[];

  constructor(all: readonly CallObservation[]) {
    this.#all = all;
    if (!all.some(({ fact }) => fact !== undefined)) return; // Otherwise no facts are collected.
    this.fact = (...fact) => {
      for (const observation of all) observation.fact?.(...fact);
    };
  }

  running(...about: Parameters<CallObservation["running"]>): void {
    for (const observation of this.#all) observation.running(...about);
  }

  ran(): void {
    for (const observation of this.#all) observation.ran();
  }

  end(error?: unknown): void {
    for (const observation of this.#all) observation.end(error);
  }
}
