import {
  COMPLETE,
  type Completeness,
  incomplete,
  type Loader,
  lateLoader,
  type Resources,
  type ServableId,
  type StoragePath,
} from "@serving-kit/core";
import { explainMissingModel, type Platform, type Predictor } from "@serving-kit/inference";
import { errors } from "../errors.js";

/** The parts of a platform that a model's source and loaders need. */
export interface ModelPlatform {
  accepts(path: string): Promise<boolean>;
  isComplete(path: string): Promise<Completeness>;
  loader(storage: StoragePath, id: ServableId): Loader<Predictor>;
  /** Returns an upper bound for the resources of a version of this size, before its files are downloaded. */
  estimate(sizeBytes: number | undefined, id: ServableId): Promise<Resources>;
}

/** The platform that the completeness check detected, and what that platform found: `StoragePath.found`. */
class Detected {
  readonly platform: Platform;
  readonly found: unknown;

  constructor(platform: Platform, found: unknown) {
    this.platform = platform;
    this.found = found;
  }
}

/** Maximum number of `accepts` results that are kept for the completeness check that follows. */
const MAX_ACCEPTED = 100;

/**
 * A platform that is detected for each version: the first platform in the list that accepts the files. The completeness
 * check detects it once, and the version carries it to the loader. After a failed load it is detected again, since the
 * files may have changed.
 *
 * Files that no platform accepts belong to `otherwise`. Without `otherwise` such a version is incomplete: the file that
 * decides may still be on its way. If the list is empty, the load reports it.
 */
export function detectPlatform(
  platforms: readonly Platform[],
  otherwise?: Platform,
): ModelPlatform {
  const find = async (path: string): Promise<Platform | undefined> => {
    for (const platform of platforms) if (await platform.accepts(path)) return platform;
    return undefined;
  };
  const names = platforms.map(({ platformName }) => platformName);
  // Some paths are checked twice in a row: whether they are a model, and whether the model is complete.
  const accepted = new Map<string, Platform>();
  return {
    async accepts(path) {
      const platform = await find(path);
      if (accepted.size >= MAX_ACCEPTED) accepted.clear();
      if (platform !== undefined) accepted.set(path, platform);
      return platform !== undefined;
    },
    async isComplete(path) {
      const platform = accepted.get(path) ?? (await find(path)) ?? otherwise;
      accepted.delete(path);
      return platform === undefined ? noModel(path, names) : completenessBy(platform, path);
    },
    loader({ found, ...storage }, id) {
      let detected = found instanceof Detected ? found : undefined;
      return lateLoader(async () => {
        const known = detected;
        detected = undefined;
        const platform = known?.platform ?? (await find(storage.path)) ?? otherwise;
        if (platform === undefined) throw errors.platformNotFound(storage.path, names);
        return platform.loader({ ...storage, ...(known && foundOf(known)) }, id);
      });
    },
    async estimate(sizeBytes, id) {
      const estimates = platforms.map((platform) => estimateOf(platform, sizeBytes, id));
      return maxOf(await Promise.all(estimates));
    },
  };
}

/** The completeness of files that a platform accepts, with the platform for the load. */
async function completenessBy(platform: Platform, path: string): Promise<Completeness> {
  const answer = await platform.isComplete(path);
  return answer.isComplete ? { ...answer, found: new Detected(platform, answer.found) } : answer;
}

/** The completeness of files that no platform accepts. */
async function noModel(path: string, names: readonly string[]): Promise<Completeness> {
  if (names.length === 0) return COMPLETE;
  const { problem, remedy } = await explainMissingModel(
    path,
    `it is not a model of ${names.join(" or ")}`,
  );
  return incomplete(problem, remedy ?? "check the files, or name the model's platform");
}

const foundOf = ({ found }: Detected) => (found === undefined ? {} : { found });

/**
 * Estimates by size alone. Empty without a size, because the platform would then look for files that are not local yet.
 */
async function estimateOf(
  platform: Platform,
  sizeBytes: number | undefined,
  id: ServableId,
): Promise<Resources> {
  if (sizeBytes === undefined) return {};
  const loader = platform.loader({ path: "", sizeBytes }, id);
  return (await loader.estimateResources?.()) ?? {};
}

/** The largest amount of each resource. */
function maxOf(all: readonly Resources[]): Resources {
  const max: Record<string, number> = {};
  for (const resources of all) {
    for (const [name, amount] of Object.entries(resources)) {
      max[name] = Math.max(max[name] ?? 0, amount);
    }
  }
  return max;
}

/** Returns the platform of a model: its own, the named one, or else a detected one. */
export function platformOf(
  platform: string | Platform | undefined,
  platforms: readonly Platform[],
): ModelPlatform {
  if (platform !== undefined && typeof platform !== "string") return onePlatform(platform);
  const named = platforms.find(({ platformName }) => platformName === platform);
  return named === undefined ? detectPlatform(platforms) : onePlatform(named);
}

/** Wraps a platform that needs no detection. */
function onePlatform(platform: Platform): ModelPlatform {
  return {
    accepts: (path) => platform.accepts(path),
    isComplete: (path) => platform.isComplete(path),
    loader: (storage, id) => platform.loader(storage, id),
    estimate: (sizeBytes, id) => estimateOf(platform, sizeBytes, id),
  };
}
