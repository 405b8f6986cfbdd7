import {
  fetchedLoader,
  isRemotePath,
  type LoadContext,
  type Loader,
  mapVersions,
  type RemotePath,
  type Resources,
  type ServableId,
  type SourceAdapter,
  type StoragePath,
  unload,
  wrapLoader,
} from "@serving-kit/core";
import { checkExpected, type ModelType, type Predictor } from "@serving-kit/inference";
import type { ModelPlatform } from "./detect-platform.js";
import { filesStamp } from "./files-stamp.js";

/** The dependencies of the loaders of a server's models. */
export interface ModelLoadersOptions {
  platform(name: string): ModelPlatform;
  /** The options of a model for its platform. */
  options(name: string): Readonly<Record<string, unknown>>;
  /** Returns the resources of a model's version that replace its platform's estimate. */
  resources(name: string): Resources | undefined;
  /** Applies the model's `processing`, if it is set, to the loader of the version `id` at a local path. */
  processed(loader: Loader<Predictor>, path: string, id: ServableId): Loader<Predictor>;
  /** The signatures that all versions of a model must have. */
  expects(name: string): ModelType | undefined;
  /** Adds batching to the loader of the version `id` at a local path. */
  batched(loader: Loader<Predictor>, path: string, id: ServableId): Loader<Predictor>;
  /** Called with each version that has loaded. */
  loaded(predictor: Predictor, id: ServableId): void;
  /** Records loads that crash the process, for a version by its local path or URI. */
  recorded(
    loader: Loader<Predictor>,
    path: string,
    stampOf: (() => Promise<string>) | undefined,
  ): Loader<Predictor>;
  /** Observes the warm-up of a version. `shown` is the path or URI to display. */
  warmingUp(id: ServableId, shown: string): LoadContext["warmingUp"];
}

/**
 * Returns the adapter that creates a loader for each version of a source. Loaders are batched, and download remote
 * files first.
 */
export function modelLoaders(
  options: ModelLoadersOptions,
): SourceAdapter<StoragePath | RemotePath, Loader<Predictor>> {
  const localLoader = (
    storage: StoragePath,
    id: ServableId,
    shown: string,
    stampOf?: () => Promise<string>,
  ) => {
    const own = options.options(id.name);
    const data = { ...storage, ...(Object.keys(own).length > 0 && { options: own }) };
    const plain = options.recorded(options.platform(id.name).loader(data, id), shown, stampOf);
    const processed = options.processed(plain, storage.path, id);
    const expected = expecting(processed, options.expects(id.name), shown);
    const loader = options.batched(expected, storage.path, id);
    const warmingUp = options.warmingUp(id, shown);
    const watched = wrapLoader(loader, async (context) => {
      const predictor = await loader.load({ ...context, warmingUp });
      options.loaded(predictor, id);
      return predictor;
    });
    return holding(watched, options.resources(id.name));
  };
  return mapVersions<StoragePath | RemotePath, Loader<Predictor>>((data, id) => {
    if (!isRemotePath(data)) return localLoader(data, id, data.path);
    const platform = options.platform(id.name);
    const make = (local: StoragePath) =>
      localLoader(local, id, data.uri, async () => data.stamp ?? filesStamp(local.path));
    return fetchedLoader(data, make, {
      isComplete: (path) => platform.isComplete(path),
      estimate: async (sizeBytes) => ({
        ...(await platform.estimate(sizeBytes, id)),
        ...options.resources(id.name),
      }),
    });
  });
}

/** Wraps a loader so that `resources` override the other estimates. */
function holding(loader: Loader<Predictor>, resources: Resources | undefined): Loader<Predictor> {
  if (resources === undefined) return loader;
  const estimateResources = async () => ({
    ...(await loader.estimateResources?.()),
    ...resources,
  });
  return { ...loader, estimateResources };
}

/** Wraps a loader so that it refuses versions with other signatures. */
function expecting(
  loader: Loader<Predictor>,
  expected: ModelType | undefined,
  shown: string,
): Loader<Predictor> {
  if (expected === undefined) return loader;
  return wrapLoader(loader, async (context) => {
    const predictor = await loader.load(context);
    try {
      checkExpected(expected, predictor.signatures, shown);
    } catch (error) {
      await unload(predictor);
      throw error;
    }
    return predictor;
  });
}
