import { type Clock, type Logger, withoutUndefined } from "@serving-kit/core";
import type { ResolvedModel } from "../config/resolve-models.js";
import type { LoopObserver } from "../plugins/observer.js";
import type { ConfiguredModels } from "./configured-models.js";
import type { CrashRecords } from "./crash-records.js";
import { logUnbatched, modelBatching } from "./model-batching.js";
import { modelLoaders } from "./model-loaders.js";
import { processedLoader } from "./processed-version.js";
import type { ServedModelsOptions } from "./served-models-options.js";

/**
 * Returns the adapter from the paths of versions to their loaders, with the processing and the batching of each model
 * as it is configured when the version loads.
 */
export function servedLoaders(
  options: ServedModelsOptions,
  {
    models,
    crashes,
  }: { readonly models: ConfiguredModels; readonly crashes?: CrashRecords | undefined },
  context: { readonly clock: Clock; readonly logger: Logger },
  observers: Pick<LoopObserver, "batchStarted" | "loading">,
): ReturnType<typeof modelLoaders> {
  const ownBatching = (name: string) => models.get(name)?.batching;
  return modelLoaders({
    platform: (name) => models.platform(name),
    options: (name) => {
      const { opLibraries, tflite, python, warmUp }: Partial<ResolvedModel> =
        models.get(name) ?? {};
      return withoutUndefined({ opLibraries, tflite, python, warmUp });
    },
    resources: (name) => models.get(name)?.resources,
    processed: (loader, path, id) => {
      const { processing } = models.get(id.name) ?? {};
      const { processor } = options;
      if (processor === undefined || processing === undefined) return loader;
      return processedLoader(loader, processor, { processing, path }, id);
    },
    expects: (name) => models.get(name)?.expects,
    batched: modelBatching(options, ownBatching, context, observers.batchStarted),
    loaded: (predictor, id) => logUnbatched(predictor, id, context.logger),
    recorded: (loader, path, stampOf) => crashes?.recorded(loader, path, stampOf) ?? loader,
    warmingUp: (id, shown) => observers.loading?.(id, shown),
  });
}
