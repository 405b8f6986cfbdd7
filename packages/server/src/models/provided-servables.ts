import { type Steps, withoutUndefined } from "@serving-kit/core";
import type { ResolvedModel } from "../config/resolve-models.js";
import type { ConfiguredModels } from "./configured-models.js";
import type { CrashRecords } from "./crash-records.js";
import type { ProvidedServable } from "./model-sources.js";
import type { ServedModelsOptions } from "./served-models-options.js";

/** Converts models to the servables of their sources, which ask the platforms and the records of crashes. */
export class ProvidedServables {
  readonly #options: Pick<ServedModelsOptions, "servableVersionsAlwaysPresent">;
  readonly #models: ConfiguredModels;
  readonly #crashes: CrashRecords | undefined;

  constructor(
    options: Pick<ServedModelsOptions, "servableVersionsAlwaysPresent">,
    models: ConfiguredModels,
    crashes: CrashRecords | undefined,
  ) {
    this.#options = options;
    this.#models = models;
    this.#crashes = crashes;
  }

  /** Returns the servables of models, with a pause after each. */
  *of(models: Iterable<ResolvedModel>): Steps<ProvidedServable[]> {
    const servables: ProvidedServable[] = [];
    for (const model of models) {
      servables.push(this.#servable(model));
      yield;
    }
    return servables;
  }

  #servable({ name, basePath, versionPolicy }: ResolvedModel): ProvidedServable {
    const { servableVersionsAlwaysPresent } = this.#options;
    return {
      provider: this.#models.provider({ basePath }),
      ...{ name, basePath, versionPolicy },
      ...withoutUndefined({ servableVersionsAlwaysPresent }),
      isComplete: async (path) => {
        await this.#crashes?.check(path);
        return this.#models.platform(name).isComplete(path);
      },
      accepts: (path) => this.#models.platform(name).accepts(path),
      refusal: async (uri, stamp) => this.#crashes?.refusal(uri, async () => stamp),
    };
  }
}
