import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BatchingOptions, batchingLoader } from "@serving-kit/batching";
import {
  type Loader,
  type Logger,
  messageOf,
  type ServableId,
  servableId,
  silentLogger,
  systemClock,
  unload,
  wrapLoader,
} from "@serving-kit/core";
import {
  checkExpected,
  explainMissingModel,
  type Model,
  type ModelType,
  modelOf,
  type Platform,
  type Predictor,
} from "@serving-kit/inference";
import type { ProcessingConfig } from "@serving-kit/processing";
import { builtInPlatforms } from "./built-ins.js";
import { errors } from "./errors.js";
import { processor } from "./processor.js";

/**
 * Options of `loadModel`.
 *
 * @example
 * ```ts
 * const options: LoadModelOptions = { version: 2, batching: true };
 * const digits = await loadModel("models/digits", options);
 * ```
 */
export interface LoadModelOptions<T extends ModelType = ModelType> {
  /** The platform. Default: the first built-in platform that accepts the files. */
  readonly platform?: Platform | undefined;
  /** The version to load of a folder of versions. Default: the newest that loads. */
  readonly version?: bigint | number | undefined;
  /** Processing steps before and after the model, as in a model config file. Default none. */
  readonly processing?: ProcessingConfig | undefined;
  /**
   * True if and how to batch concurrent calls. Default `"auto"`: batch only signatures whose rows are proven to be
   * independent.
   */
  readonly batching?: boolean | "auto" | BatchingOptions | undefined;
  /** The signatures that the model must have, as `serving-kit types` writes them. Default: any. */
  readonly expects?: T | undefined;
  /** Aborts loading with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receives a warning for each newer version that fails to load. Default none. */
  readonly logger?: Logger | undefined;
}

/**
 * Loads a model from a file, the folder of a version, or a folder of versions. From a folder of versions it loads the
 * newest version that loads successfully, and logs a warning for each newer version that fails. Each call loads a
 * separate copy.
 *
 * @example
 * ```ts
 * const digits = await loadModel("models/digits");
 * const { probabilities } = await digits.predict({ image: pixels });
 * await digits.close();
 * ```
 *
 * @throws ServingError NOT_FOUND / MODEL_NOT_FOUND that lists what is at the path; MODEL_UNEXPECTED if the model does
 * not match `expects`; the platform's error if no version loads; the signal's reason.
 */
export async function loadModel<T extends ModelType = ModelType>(
  path: string | URL,
  options: LoadModelOptions<T> = {},
): Promise<Model<T>> {
  const { platform, signal, logger = silentLogger } = options;
  signal?.throwIfAborted();
  const folder = localPath(path);
  const platforms = platform === undefined ? await builtInPlatforms() : [platform];
  const candidates = await candidatesAt(folder, options.version);
  let failure: unknown;
  for (const { path, version } of candidates) {
    try {
      return (await loadVersion(path, version, platforms, options)) as Model<T>;
    } catch (error) {
      signal?.throwIfAborted();
      failure ??= error;
      logger.warn(
        { err: error },
        `loading version ${version} of ${folder} failed: ${messageOf(error)}`,
      );
    }
  }
  throw failure;
}

function localPath(path: unknown): string {
  if (typeof path === "string" && path !== "") return resolve(path);
  if (path instanceof URL && path.protocol === "file:") return fileURLToPath(path);
  const got = path instanceof URL ? path.href : String(path);
  throw errors.nothingToLoad(
    JSON.stringify(got),
    "expected a path or a file: URL; a server reads other URIs, with a source provider",
  );
}

/** A version that can be loaded. */
interface Candidate {
  readonly path: string;
  readonly version: bigint;
}

/** The versions of a folder, newest first; the path itself if it has none. */
async function candidatesAt(
  folder: string,
  version: bigint | number | undefined,
): Promise<readonly [Candidate, ...Candidate[]]> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats === undefined) throw errors.nothingToLoad(folder, "the path does not exist");
  const entries = stats.isDirectory() ? await readdir(folder, { withFileTypes: true }) : [];
  const versions = entries
    .filter((entry) => !entry.isFile() && /^\d{1,18}$/.test(entry.name))
    .map(({ name }) => ({ path: join(folder, name), version: BigInt(name) }))
    .sort((a, b) => (a.version < b.version ? 1 : -1));
  const chosen =
    version === undefined ? versions : versions.filter((v) => v.version === BigInt(version));
  const [first, ...others] = chosen;
  if (first !== undefined) return [first, ...others];
  if (versions.length > 0) {
    const known = versions.map((v) => v.version).join(", ");
    throw errors.nothingToLoad(
      folder,
      `version ${version} does not exist; expected one of ${known}`,
    );
  }
  const own = /^\d{1,18}$/.test(basename(folder)) ? BigInt(basename(folder)) : 1n;
  if (version === undefined || BigInt(version) === own) return [{ path: folder, version: own }];
  throw errors.nothingToLoad(folder, `the path is version ${own}; expected ${version}`);
}

async function loadVersion(
  path: string,
  version: bigint,
  platforms: readonly Platform[],
  options: LoadModelOptions,
): Promise<Model> {
  const { signal = new AbortController().signal, logger = silentLogger, expects } = options;
  const platform = await platformOf(path, platforms);
  const id = servableId(basename(path), version);
  const bare = platform.loader({ path }, id);
  const { batching = "auto", processing } = options;
  const plain = processing === undefined ? bare : processedLoader(bare, processing, path, id);
  const resolved = batching === "auto" ? ({ proof: "required" } as const) : batching;
  const loader =
    resolved === false ? plain : batchingLoader(plain, resolved === true ? {} : resolved);
  const context = { id, signal, logger, clock: systemClock };
  await loader.probe?.(context);
  const predictor = await loader.load(context);
  await check(predictor, expects, path);
  return modelOf(predictor, { platform: platform.platformName, version, clock: systemClock });
}

function processedLoader(
  loader: Loader<Predictor>,
  processing: ProcessingConfig,
  path: string,
  id: ServableId,
): Loader<Predictor> {
  return wrapLoader(loader, async (context) => {
    const predictor = await loader.load(context);
    try {
      const { clock = systemClock } = context;
      return await processor.process(predictor, processing, { id, path, clock });
    } catch (error) {
      await unload(predictor);
      throw error;
    }
  });
}

async function check(predictor: Predictor, expects: ModelType | undefined, path: string) {
  if (expects === undefined) return;
  try {
    checkExpected(expects, predictor.signatures, path);
  } catch (error) {
    await unload(predictor);
    throw error;
  }
}

/** The platform of the files at a path. @throws ServingError NOT_FOUND / MODEL_NOT_FOUND that lists what is there. */
async function platformOf(path: string, platforms: readonly Platform[]): Promise<Platform> {
  for (const platform of platforms) {
    if (!(await platform.accepts(path))) continue;
    const completeness = await platform.isComplete(path);
    if (completeness.isComplete) return platform;
    throw errors.nothingToLoad(path, completeness.problem);
  }
  const names = platforms.map(({ platformName }) => platformName).join(" or ");
  const { problem, remedy } = await explainMissingModel(path, `it is not a model of ${names}`);
  throw errors.nothingToLoad(path, `${problem}; ${remedy || `found ${await contentOf(path)}`}`);
}

/** The maximum number of file names in a message. */
const MOST_NAMES = 5;

async function contentOf(path: string): Promise<string> {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined) return "a file";
  if (names.length === 0) return "an empty folder";
  const others = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
}
