import type { ServableId, Source, Version } from "@serving-kit/core";
import type { SuiteOptions } from "./runner.js";

/** A source together with the world that it watches, which the suite changes. */
export interface SourceWorld<T> extends Partial<AsyncDisposable> {
  readonly source: Source<T>;
  /** The servables that the source emits: two, or one if it can emit no more. */
  readonly names: readonly string[];
  /** Makes exactly these versions of a servable the ones to be loaded; with none it is withdrawn. */
  aspire(name: string, versions: readonly Version[]): void | Promise<void>;
  /** Breaks one of the versions to be loaded, so that the source emits it with an error. */
  breakVersion?(id: ServableId): void | Promise<void>;
  /** Makes the source know why there is nothing to load of a servable, such as by removing its folder. */
  lose?(name: string): void | Promise<void>;
  /**
   * Lets the time pass in which the source notices a change, such as
   * `() => clock.advance(pollIntervalMs)`. Default: a turn of the event loop.
   */
  pass?(): void | Promise<void>;
  /** How often the source has looked at the world, where that can be seen. */
  looked?(): number;
  /** How many timers, watchers and files the source holds now, where that can be seen. */
  held?(): number;
}

/** Options of `sourceConformance`. */
export interface SourceConformanceOptions<T> extends SuiteOptions {
  /** Makes a new source with a world of its own, which has no version yet. */
  create(): SourceWorld<T> | Promise<SourceWorld<T>>;
}
