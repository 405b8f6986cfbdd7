import type { SourceContext, SourceProvider, Version, VersionLabels } from "@serving-kit/core";
import type { SuiteOptions } from "./runner.js";

/** A provider together with the storage that its sources read, which the suite changes. */
export interface SourceProviderWorld extends Partial<AsyncDisposable> {
  readonly provider: SourceProvider;
  /** The base paths of two servables, as a user writes them. There is nothing below them yet. */
  readonly basePaths: readonly [string, string];
  /** Options of the sources besides servables, such as a FakeClock. */
  readonly context?: Partial<Omit<SourceContext, "servables">>;
  /** Puts a complete version, which need not settle, below a base path. */
  publish(basePath: string, version: Version): void | Promise<void>;
  /** Makes the storage below a base path unreadable: it fails, or does not answer. */
  fail(basePath: string): void | Promise<void>;
  /** Makes it readable again. */
  recover(basePath: string): void | Promise<void>;
  /** Changes the labels that the storage has. Absent if it has none. */
  setLabels?(basePath: string, labels: VersionLabels): void | Promise<void>;
  /** Base paths that the provider cannot serve. */
  readonly refused?: readonly string[];
  /** Lets the time pass in which the source notices a change. Default: a turn of the event loop. */
  pass?(): void | Promise<void>;
  /** How often the storage was read, if that can be seen. */
  touched?(): number;
  /** How many pages of listings were requested. Absent if the source reports no activity. */
  listed?(): number;
}

/** Options of `sourceProviderConformance`. */
export interface SourceProviderConformanceOptions extends SuiteOptions {
  /** Makes a provider with a storage of its own. */
  create(): SourceProviderWorld | Promise<SourceProviderWorld>;
}
