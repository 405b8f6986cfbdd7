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

/** Options for the models of a server, their sources, and their loading. */
export interface ServedModelsOptions extends ModelBatchingOptions {
  /** The platforms that can serve models. */
  readonly platforms: readonly Platform[];
  /**
   * The storage that base paths can be in, by URI scheme. Paths use the provider of `file`, such as
   * `filesystemProvider()`. Default none.
   */
  readonly sourceProviders?: readonly (SourceProvider | MissingSource)[] | undefined;
  /** The initial models; `reload` replaces them. Default none. */
  readonly models?: readonly ModelConfig[] | undefined;
  /**
   * Sources of the program, such as `filesystemSource(…)` or `sourceFrom(…)`. They emit versions by path, which the
   * platforms load in the same way as versions of `models`. Lists for names in `models` are ignored. Default none.
   */
  readonly sources?: readonly GivenSource[] | undefined;
  /**
   * Names that `sources` must emit. The start-up policy and readiness count them like `models`. Default none: a server
   * does not wait for names that it does not know.
   */
  readonly ready?: readonly string[] | undefined;
  /** Default `any`: one broken model does not prevent the others from being served. */
  readonly startUpPolicy?: StartUpPolicy | undefined;
  /** Time in ms between polls of the base paths. 0 polls once. Default: the provider's, 1000 for folders. */
  readonly pollIntervalMs?: number | undefined;
  /** True if folders are also watched. Default true. */
  readonly watch?: boolean | undefined;
  /**
   * Time in ms for which a version's files must be unchanged before it is loaded. Default: the provider's, 1000 for
   * folders.
   */
  readonly settleMs?: number | undefined;
  /**
   * True if the versions of a model stay loaded if its base path can be read and contains no versions: TF Serving's
   * `servable_versions_always_present`. Default false.
   */
  readonly servableVersionsAlwaysPresent?: boolean | undefined;
  /**
   * The folder that records which versions crashed the process while they loaded: see `CrashRecords`. Default none:
   * crashes are not recorded.
   */
  readonly stateDir?: string | undefined;
  /**
   * True if a label may point at a version that is not available. Default false, as in TF Serving: such a label is an
   * error of its model.
   */
  readonly allowVersionLabelsForUnavailableModels?: boolean | undefined;
  /** Applies the `processing` of models. Default none: a model with `processing` is refused. */
  readonly processor?: ModelProcessor | undefined;
  /** Adapters between the batched loaders of the platforms and the manager, in order. */
  readonly adapters?: readonly SourceAdapter<Loader<Predictor>, Loader<Predictor>>[] | undefined;
  /** Options for the manager, which loads and unloads versions. */
  readonly manager?: Omit<AspiredVersionsManagerOptions<Predictor>, "clock" | "logger"> | undefined;
}
