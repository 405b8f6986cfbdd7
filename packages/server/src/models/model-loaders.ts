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
  /** Puts the model's `processing` in front of the version `id` at a local path, if it has some. */
  processed(loader: Loader<Predictor>, path: string, id: ServableId): Loader<Predictor>;
  /** The signatures that the versions of a model must have. */
  expects(name: string): ModelType | undefined;
  /** Puts batching around the loader of the version `id` at a local path. */
  batched(loader: Loader<Predictor>, path: string, id: ServableId): Loader<Predictor>;
  /** Called with each version that has loaded. */
  loaded(predictor: Predictor, id: ServableId): void;
  /** Records loads that end the process, of a version by its local path or its URI. */
  recorded(
    loader: Loader<Predictor>,
    path: string,
    stampOf: (() => Promise<string>) | undefined,
  ): Loader<Predictor>;
  /** Observes the warm-up of a version, by the path or URI to show. */
  warmingUp(id: ServableId, shown: string): LoadContext["warmingUp"];
}

/** The adapter that makes a loader of each version of a source: batched, and fetched first if its files are remote. */
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

/** A loader that holds `resources`, in addition to its other estimates. */
function holding(loader: Loader<Predictor>, resources: Resources | undefined): Loader<Predictor> {
  if (resources === undefined) return loader;
  const estimateResources = async () => ({
    ...(await loader.estimateResources?.()),
    ...resources,
  });
  return { ...loader, estimateResources };
}

/** A loader that refuses versions with other signatures. */
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
