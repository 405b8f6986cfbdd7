import type { SourceContext, SourceProvider, Version, VersionLabels } from "@serving-kit/core";
import type { SuiteOptions } from "./runner.js";

/** A provider together with the storage that its sources read, which the suite modifies. */
export interface SourceProviderWorld extends Partial<AsyncDisposable> {
  readonly provider: SourceProvider;
  /** The base paths of two servables, in the form that a user writes. They contain nothing yet. */
  readonly basePaths: readonly [string, string];
  /** Options for the sources in addition to servables, such as a FakeClock. */
  readonly context?: Partial<Omit<SourceContext, "servables">>;
  /** Adds a complete version, which needs no settle time, below a base path. */
  publish(basePath: string, version: Version): void | Promise<void>;
  /** Makes the storage below a base path unreadable: it fails, or does not respond. */
  fail(basePath: string): void | Promise<void>;
  /** Makes it readable again. */
  recover(basePath: string): void | Promise<void>;
  /** Changes the labels in the storage. Absent if the storage has none. */
  setLabels?(basePath: string, labels: VersionLabels): void | Promise<void>;
  /** Base paths that the provider cannot serve. */
  readonly refused?: readonly string[];
  /** Advances time until the source notices a change. Default: a turn of the event loop. */
  pass?(): void | Promise<void>;
  /** Returns the number of reads of the storage, if it can be observed. */
  touched?(): number;
  /** Returns the number of requested pages of listings. Absent if the source reports no activity. */
  listed?(): number;
}

/** Options for `sourceProviderConformance`. */
export interface SourceProviderConformanceOptions extends SuiteOptions {
  /** Creates a provider with its own storage. */
  create(): SourceProviderWorld | Promise<SourceProviderWorld>;
}
