import { type Logger, type SourceProvider, withoutUndefined } from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { lastingSettings } from "../config/lasting-settings.js";
import { type ModelConfig, restNameWarning } from "../config/model-config.js";
import { type ResolvedModel, resolveModels } from "../config/resolve-models.js";
import type { ModelProcessor } from "../plugins/model-processor.js";
import { type ModelPlatform, platformOf } from "./detect-platform.js";
import { ModelCode } from "./model-code.js";
import { type MissingSource, SourceProviders } from "./source-providers.js";

/** Where configured models can be from, and of which kinds. */
export interface ConfiguredModelsOptions {
  readonly models?: readonly ModelConfig[] | undefined;
  readonly platforms: readonly Platform[];
  readonly sourceProviders?: readonly (SourceProvider | MissingSource)[] | undefined;
  /** For models with `processing`. */
  readonly processor?: ModelProcessor | undefined;
}

/** The models of a server as they are configured now: their options, their platforms and the providers of their paths. */
export class ConfiguredModels {
  readonly #available: readonly Platform[];
  readonly #hasProcessor: boolean;
  readonly #providers: SourceProviders;
  readonly #code: ModelCode;
  readonly #logger: Logger;
  /** Configurations that came from a client. */
  readonly #ofClients = new WeakSet<ModelConfig>();
  readonly #platforms = new Map<string, ModelPlatform>();
  #models: ReadonlyMap<string, ResolvedModel>;

  /** @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID. Touches no file. */
  constructor(
    { models = [], platforms, sourceProviders, processor }: ConfiguredModelsOptions,
    logger: Logger,
  ) {
    this.#available = platforms;
    this.#hasProcessor = processor !== undefined;
    this.#providers = new SourceProviders(sourceProviders);
    this.#code = new ModelCode(platforms);
    this.#logger = logger;
    this.#models = this.#resolve(models);
    this.#code.consent(this.#models.values());
    this.#warnOfNames();
  }

  get all(): ReadonlyMap<string, ResolvedModel> {
    return this.#models;
  }

  get(name: string): ResolvedModel | undefined {
    return this.#models.get(name);
  }

  /**
   * Replaces all models, and logs changes that do not affect versions that are loaded. Returns the names of those that
   * are gone.
   *
   * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID, and then changes nothing.
   */
  replace(models: readonly ModelConfig[]): readonly string[] {
    const before = this.#models;
    this.#models = this.#resolve(models, before);
    const own = models.filter((model) => !this.#ofClients.has(model));
    this.#code.consent(own.flatMap(({ name }) => this.#models.get(name) ?? []));
    this.#platforms.clear();
    this.#warnOfNames(before);
    for (const [name, model] of this.#models) {
      const previous = before.get(name);
      const lines = previous === undefined ? [] : lastingSettings(previous, model);
      for (const line of lines) this.#logger.warn({ model: name }, line);
    }
    return [...before.keys()].filter((name) => !this.#models.has(name));
  }

  /**
   * Models as a client of the server describes them, with what it cannot say as it is configured now: it
   * must not name modules to run or files to write.
   */
  withUnsaid(models: readonly ModelConfig[]): readonly ModelConfig[] {
    return models.map((model) => {
      const current: Partial<ResolvedModel> = this.#models.get(model.name) ?? {};
      const { platform, batching, requestLog, opLibraries, tflite, python, expects } = current;
      const { warmUp, resources, processing } = current;
      const isOwn = platform !== undefined && typeof platform !== "string";
      const own = { warmUp, resources, opLibraries, tflite, python, processing, expects };
      const unsaid = { batching, requestLog, ...own };
      const whole = { ...(isOwn && { platform }), ...model, ...withoutUndefined(unsaid) };
      this.#ofClients.add(whole);
      return whole;
    });
  }

  /** The platform of a model. */
  platform(name: string): ModelPlatform {
    let platform = this.#platforms.get(name);
    if (platform === undefined) {
      const { platform: own, basePath = "" } = this.#models.get(name) ?? {};
      const code = this.#code.platformOf(own, { basePath });
      platform = platformOf(code, this.#code.platformsOf(basePath));
      this.#platforms.set(name, platform);
    }
    return platform;
  }

  /** The name of the platform of a model; undefined if each version's files decide. */
  platformName(name: string): string | undefined {
    const platform = this.#models.get(name)?.platform;
    return typeof platform === "string" ? platform : platform?.platformName;
  }

  /** The provider of a model's base path. */
  provider({ basePath }: Pick<ResolvedModel, "basePath">): SourceProvider {
    return this.#providers.of(basePath);
  }

  #resolve(
    models: readonly ModelConfig[],
    before?: ReadonlyMap<string, ResolvedModel>,
  ): ReadonlyMap<string, ResolvedModel> {
    const resolveBasePath = (path: string, place: string) => this.#providers.resolve(path, place);
    const [platforms, hasProcessor] = [this.#available, this.#hasProcessor];
    return resolveModels(models, { platforms, resolveBasePath, hasProcessor }, before);
  }

  /** Warns once of each model whose name REST paths cannot have. */
  #warnOfNames(before: ReadonlyMap<string, unknown> = new Map()): void {
    for (const name of this.#models.keys()) {
      const line = before.has(name) ? undefined : restNameWarning(name);
      if (line !== undefined) this.#logger.warn({ model: name }, line);
    }
  }
}
