import type {
  AspiredVersionsManagerOptions,
  Loader,
  SourceAdapter,
  SourceProvider,
} from "@serving-kit/core";
import type { Platform, Predictor } from "@serving-kit/inference";
import type { ModelConfig } from "../config/model-config.js";
import type { ModelProcessor } from "../plugins/model-processor.js";
import type { GivenSource } from "./given-sources.js";
import type { ModelBatchingOptions } from "./model-batching.js";
import type { MissingSource } from "./source-providers.js";
import type { StartUpPolicy } from "./start-up.js";

/** Options for the models of a server: where they come from, and how they are loaded. */
export interface ServedModelsOptions extends ModelBatchingOptions {
  /** The kinds of models that can be served. */
  readonly platforms: readonly Platform[];
  /**
   * The kinds of storage that base paths can be in, by the schemes of their URIs. Paths are for the provider of
   * `file`, such as `filesystemProvider()`. Default none.
   */
  readonly sourceProviders?: readonly (SourceProvider | MissingSource)[] | undefined;
  /** Default none; `reload` replaces them. */
  readonly models?: readonly ModelConfig[] | undefined;
  /**
   * Sources of the program, such as `filesystemSource(…)` or `sourceFrom(…)`: of versions by their paths, which the
   * platforms load as they do those of `models`. Lists of names that `models` has are ignored. Default none.
   */
  readonly sources?: readonly GivenSource[] | undefined;
  /**
   * Names that `sources` must bring: the start-up policy and readiness count them as they count `models`. Default none:
   * a server does not wait for names that it does not know.
   */
  readonly ready?: readonly string[] | undefined;
  /** Default `any`: one broken model does not keep the others from being served. */
  readonly startUpPolicy?: StartUpPolicy | undefined;
  /** Milliseconds between polls of the base paths; 0 polls once. Default: the provider's, 1000 for folders. */
  readonly pollIntervalMs?: number | undefined;
  /** Whether folders are watched as well. Default true. */
  readonly watch?: boolean | undefined;
  /** For how long a version's files must have been unchanged, in ms. Default: the provider's, 1000 for folders. */
  readonly settleMs?: number | undefined;
  /**
   * Whether the versions of a model stay loaded if its base path can be read and has none any more: TF Serving's
   * `servable_versions_always_present`. Default false.
   */
  readonly servableVersionsAlwaysPresent?: boolean | undefined;
  /**
   * The folder where it is remembered which versions ended the process while they were loaded: see `CrashRecords`.
   * Default none: nothing is remembered.
   */
  readonly stateDir?: string | undefined;
  /**
   * Whether a label may point at a version that is not available. Default false, as in TF Serving:
   * such a label is an error of its model.
   */
  readonly allowVersionLabelsForUnavailableModels?: boolean | undefined;
  /** Puts the `processing` of models in front of them. Default none: a model with `processing` is refused. */
  readonly processor?: ModelProcessor | undefined;
  /** Adapters between the batched loaders of the platforms and the manager, in order. */
  readonly adapters?: readonly SourceAdapter<Loader<Predictor>, Loader<Predictor>>[] | undefined;
  /** How versions are loaded and unloaded. */
  readonly manager?: Omit<AspiredVersionsManagerOptions<Predictor>, "clock" | "logger"> | undefined;
}
