import {
  COMPLETE,
  type Completeness,
  incomplete,
  type Loader,
  lateLoader,
  type ServableId,
  type StoragePath,
} from "@serving-kit/core";
import { explainMissingModel, type Platform, type Predictor } from "@serving-kit/inference";
import { errors } from "../errors.js";

/** What a model's source and loaders need to know of its platform. */
export interface ModelPlatform {
  accepts(path: string): Promise<boolean>;
  isComplete(path: string): Promise<Completeness>;
  loader(storage: StoragePath, id: ServableId): Loader<Predictor>;
}

/**
 * The platform that is found out for each version: the first of several that accepts its files.
 *
 * Files that none accepts are not complete: the file that decides may still be on its way. If there is no
 * platform at all, loading says so.
 */
export function detectPlatform(platforms: readonly Platform[]): ModelPlatform {
  const find = async (path: string): Promise<Platform | undefined> => {
    for (const platform of platforms) if (await platform.accepts(path)) return platform;
    return undefined;
  };
  const names = platforms.map(({ platformName }) => platformName);
  return {
    accepts: async (path) => (await find(path)) !== undefined,
    async isComplete(path) {
      const platform = await find(path);
      if (platform !== undefined) return platform.isComplete(path);
      if (names.length === 0) return COMPLETE;
      const { problem, remedy } = await explainMissingModel(
        path,
        `it is not a model of ${names.join(" or ")}`,
      );
      return incomplete(problem, remedy ?? "check the files, or name the model's platform");
    },
    loader(storage, id) {
      return lateLoader(async () => {
        const platform = await find(storage.path);
        if (platform === undefined) {
          throw errors.platformNotFound(storage.path, names);
        }
        return platform.loader(storage, id);
      });
    },
  };
}

/** The platform of a model: its own or the one that it names, else the one that is found out. */
export function platformOf(
  platform: string | Platform | undefined,
  platforms: readonly Platform[],
): ModelPlatform {
  if (platform !== undefined && typeof platform !== "string") return platform;
  const named = platforms.find(({ platformName }) => platformName === platform);
  return named ?? detectPlatform(platforms);
}
