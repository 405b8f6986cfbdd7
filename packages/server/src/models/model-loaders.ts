import {
  fetchedLoader,
  isRemotePath,
  type LoadContext,
  type Loader,
  mapVersions,
  type RemotePath,
  type ServableId,
  type SourceAdapter,
  type StoragePath,
  wrapLoader,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelPlatform } from "./detect-platform.js";

/** What the loaders of a server's models are made of. */
export interface ModelLoadersOptions {
  platform(name: string): ModelPlatform;
  /** The options of a model for its platform. */
  options(name: string): Readonly<Record<string, unknown>>;
  /** Puts batching around the loader of the version `id` at a local path. */
  batched(loader: Loader<Predictor>, path: string, id: ServableId): Loader<Predictor>;
  /** Observes the warm-up of a version, by the path or URI to show. */
  warmingUp(id: ServableId, shown: string): LoadContext["warmingUp"];
}

/** The adapter that makes a loader of each version of a source: batched, and fetched first if its files are remote. */
export function modelLoaders(
  options: ModelLoadersOptions,
): SourceAdapter<StoragePath | RemotePath, Loader<Predictor>> {
  const localLoader = (storage: StoragePath, id: ServableId, shown: string) => {
    const own = options.options(id.name);
    const data = { ...storage, ...(Object.keys(own).length > 0 && { options: own }) };
    const loader = options.batched(options.platform(id.name).loader(data, id), storage.path, id);
    const warmingUp = options.warmingUp(id, shown);
    return wrapLoader(loader, (context) => loader.load({ ...context, warmingUp }));
  };
  return mapVersions<StoragePath | RemotePath, Loader<Predictor>>((data, id) => {
    if (!isRemotePath(data)) return localLoader(data, id, data.path);
    const platform = options.platform(id.name);
    return fetchedLoader(data, (local) => localLoader(local, id, data.uri), {
      isComplete: (path) => platform.isComplete(path),
      estimate: (sizeBytes) => platform.estimate(sizeBytes, id),
    });
  });
}
