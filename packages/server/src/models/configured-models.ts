import {
  type Logger,
  runToEnd,
  type SourceProvider,
  type Steps,
  withoutUndefined,
} from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { lastingSettings } from "../config/lasting-settings.js";
import { type ModelConfig, restNameWarning } from "../config/model-config.js";
import { type ResolvedModel, resolveModels } from "../config/resolve-models.js";
import type { ModelProcessor } from "../plugins/model-processor.js";
import { type ModelPlatform, platformOf } from "./detect-platform.js";
import { ModelCode } from "./model-code.js";
import { type MissingSource, SourceProviders } from "./source-providers.js";

/** The providers and platforms that configured models can use. */
export interface ConfiguredModelsOptions {
  readonly models?: readonly ModelConfig[] | undefined;
  readonly platforms: readonly Platform[];
  readonly sourceProviders?: readonly (SourceProvider | MissingSource)[] | undefined;
  /** Processes models that set `processing`. */
  readonly processor?: ModelProcessor | undefined;
}

/** The author of a configuration: the operator, by a file or a program, or a client of the server. */
export type ModelsOrigin = "operator" | "client";

/** A new set of models that was checked but is not served yet. */
export interface ModelsChange {
  readonly models: ReadonlyMap<string, ResolvedModel>;
  readonly origin: ModelsOrigin;
  /** The names of the models that the change removes. */
  readonly gone: readonly string[];
  /** Warnings to log about models. */
  readonly warnings: readonly { readonly model: string; readonly line: string }[];
}

/** The current configuration of a server's models: their options, platforms, and the providers of their base paths. */
export class ConfiguredModels {
  readonly #available: readonly Platform[];
  readonly #hasProcessor: boolean;
  readonly #providers: SourceProviders;
  readonly #code: ModelCode;
  readonly #logger: Logger;
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
    this.#models = runToEnd(this.#resolve(models));
    this.#code.consent(this.#models.values());
    for (const name of this.#models.keys()) this.#warn(name, restNameWarning(name));
  }

  get all(): ReadonlyMap<string, ResolvedModel> {
    return this.#models;
  }

  get(name: string): ResolvedModel | undefined {
    return this.#models.get(name);
  }

  /**
   * Checks a new set of models, in steps. Changes nothing. Models of a client keep the options that a client cannot
   * set, as configured now, because a client must not name modules to run or files to write.
   *
   * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID.
   */
  *check(models: readonly ModelConfig[], origin: ModelsOrigin): Steps<ModelsChange> {
    const before = this.#models;
    const whole = origin === "client" ? yield* this.#withUnsaid(models) : models;
    const next = yield* this.#resolve(whole, before);
    const warnings: { model: string; line: string }[] = [];
    for (const [name, model] of next) {
      const previous = before.get(name);
      const lines = previous ? lastingSettings(previous, model) : [restNameWarning(name)];
      for (const line of lines) if (line !== undefined) warnings.push({ model: name, line });
      yield;
    }
    const gone = [...before.keys()].filter((name) => !next.has(name));
    return { models: next, origin, gone, warnings };
  }

  /** Replaces all models with those that `check` returned last, and logs its warnings. */
  replace({ models, origin, warnings }: ModelsChange): void {
    this.#models = models;
    if (origin === "operator") this.#code.consent(models.values());
    this.#platforms.clear();
    for (const { model, line } of warnings) this.#warn(model, line);
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

  /** The name of a model's platform; undefined if the files of each version decide. */
  platformName(name: string): string | undefined {
    const platform = this.#models.get(name)?.platform;
    return typeof platform === "string" ? platform : platform?.platformName;
  }

  /** The provider of a model's base path. */
  provider({ basePath }: Pick<ResolvedModel, "basePath">): SourceProvider {
    return this.#providers.of(basePath);
  }

  *#withUnsaid(models: readonly ModelConfig[]): Steps<readonly ModelConfig[]> {
    const all: ModelConfig[] = [];
    for (const model of models) {
      const current: Partial<ResolvedModel> = this.#models.get(model.name) ?? {};
      const { platform, batching, requestLog, opLibraries, tflite, python, expects } = current;
      const { warmUp, resources, processing } = current;
      const isOwn = platform !== undefined && typeof platform !== "string";
      const own = { warmUp, resources, opLibraries, tflite, python, processing, expects };
      const unsaid = { batching, requestLog, ...own };
      all.push({ ...(isOwn && { platform }), ...model, ...withoutUndefined(unsaid) });
      yield;
    }
    return all;
  }

  #resolve(
    models: readonly ModelConfig[],
    before?: ReadonlyMap<string, ResolvedModel>,
  ): Steps<ReadonlyMap<string, ResolvedModel>> {
    const resolveBasePath = (path: string, place: string) => this.#providers.resolve(path, place);
    const [platforms, hasProcessor] = [this.#available, this.#hasProcessor];
    return resolveModels(models, { platforms, resolveBasePath, hasProcessor }, before);
  }

  #warn(model: string, line: string | undefined): void {
    if (line !== undefined) this.#logger.warn({ model }, line);
  }
}
