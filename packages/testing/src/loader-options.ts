import type { Loader, Resources } from "@serving-kit/core";
import type { SuiteOptions } from "./runner.js";

/** A loader that cannot load because its artefact is missing or corrupt. */
export interface BrokenArtefact<S> {
  /** Creates the loader. */
  create(): Loader<S>;
  /** A string that the error message must contain: the path of the missing or corrupt artefact. */
  readonly path: string;
  /** Repairs the artefact, so that the same loader can load. If absent, recovery is not tested. */
  repair?(): void | Promise<void>;
}

/** Options for `loaderConformance`. */
export interface LoaderConformanceOptions<S> extends SuiteOptions {
  /** Creates a new loader of a version that can be loaded. */
  create(): Loader<S>;
  /** Uses a loaded servable; rejects if it does not work. */
  use(servable: S): void | Promise<void>;
  /** Broken artefacts. At least one, unless `readsNothing`. */
  readonly broken?: readonly BrokenArtefact<S>[];
  /** Set to true for a loader whose inputs cannot be missing or corrupt. Then L8 is not tested. */
  readonly readsNothing?: boolean;
  /** Returns the amount that all servables hold now (bytes, sessions, instances), if it can be observed. */
  allocated?(): number;
  /** For L2: returns the resources that one servable actually holds, if they can be measured. */
  held?(servable: S): Resources | Promise<Resources>;
}
