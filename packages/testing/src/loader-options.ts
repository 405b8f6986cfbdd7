import type { Loader, Resources } from "@serving-kit/core";
import type { SuiteOptions } from "./runner.js";

/** A loader that cannot load, because what it loads from is missing or corrupt. */
export interface BrokenArtefact<S> {
  /** Makes the loader. */
  create(): Loader<S>;
  /** The text that the message of the error must have: the path of what is missing or corrupt. */
  readonly path: string;
  /** Makes the artefact whole, so that the same loader can load. Without it, that is not tested. */
  repair?(): void | Promise<void>;
}

/** Options of `loaderConformance`. */
export interface LoaderConformanceOptions<S> extends SuiteOptions {
  /** Makes a new loader of a version that can be loaded. */
  create(): Loader<S>;
  /** Uses a loaded servable; rejects when it does not work. */
  use(servable: S): void | Promise<void>;
  /** At least one, unless `readsNothing`. */
  readonly broken?: readonly BrokenArtefact<S>[];
  /** True for a loader that reads nothing that can be missing or corrupt. L8 then has nothing to test. */
  readonly readsNothing?: boolean;
  /** How much all servables hold now (bytes, sessions, instances), where that can be seen. */
  allocated?(): number;
  /** For L2: what one servable really holds, where that can be measured. */
  held?(servable: S): Resources | Promise<Resources>;
}
