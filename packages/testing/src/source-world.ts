import type { ServableId, Source, Version } from "@serving-kit/core";
import type { SuiteOptions } from "./runner.js";

/** A source together with the world that it watches, which the suite modifies. */
export interface SourceWorld<T> extends Partial<AsyncDisposable> {
  readonly source: Source<T>;
  /** The servables that the source emits: two, or one if it cannot emit more. */
  readonly names: readonly string[];
  /** Makes the source aspire exactly these versions of a servable; an empty list withdraws it. */
  aspire(name: string, versions: readonly Version[]): void | Promise<void>;
  /** Breaks one of the aspired versions, so that the source emits it with an error. */
  breakVersion?(id: ServableId): void | Promise<void>;
  /** Removes a servable in a way that the source reports as a problem, for example by removing its folder. */
  lose?(name: string): void | Promise<void>;
  /**
   * Advances time until the source notices a change, such as `() => clock.advance(pollIntervalMs)`. Default: a turn of
   * the event loop.
   */
  pass?(): void | Promise<void>;
  /** Returns the number of polls of the source, if it can be observed. */
  looked?(): number;
  /** Returns the number of timers, watchers and files that the source holds now, if it can be observed. */
  held?(): number;
}

/** Options for `sourceConformance`. */
export interface SourceConformanceOptions<T> extends SuiteOptions {
  /** Creates a new source with its own world, which has no version yet. */
  create(): SourceWorld<T> | Promise<SourceWorld<T>>;
}
