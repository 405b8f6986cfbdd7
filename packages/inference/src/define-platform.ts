import {
  type Clock,
  COMPLETE,
  type Completeness,
  type LoadContext,
  type Loader,
  type Logger,
  mapVersions,
  RAM_BYTES,
  type Resources,
  type ServableId,
  type SourceAdapter,
  type StoragePath,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import { checkPredictor } from "./check-predictor.js";
import type { Predictor, SharedPredictor } from "./predictor.js";

/** The time and the log of a platform, which has none of its own. */
export interface PlatformServices {
  /** The time that deadlines of calls refer to. Default `systemClock`. */
  readonly clock: Clock;
  /** Receives what an operator should know. Default none. */
  readonly logger: Logger;
}

/** Context passed to `load` and `probe` of a platform. */
export interface PlatformLoadContext<O> extends PlatformServices {
  /** Where the files of the version are. */
  readonly path: string;
  readonly id: ServableId;
  /** Aborts when the version is no longer wanted. */
  readonly signal: AbortSignal;
  /** See `LoadContext.warmingUp`. */
  readonly warmingUp?: LoadContext["warmingUp"];
  /** What the user passed to the platform; an empty object where nothing was passed. */
  readonly options: O;
  /** Options of this version alone: `StoragePath.options`. Not checked. Absent if there are none. */
  readonly own?: Readonly<Record<string, unknown>>;
}

/** What the author of a platform writes. Only `name` and `load` are needed. */
export interface PlatformDefinition<O> {
  /** The name in configuration (`model_platform`), such as `tflite`. */
  readonly name: string;
  /**
   * Loads the model at `path`. Contract: `Loader.load`; the predictor is ready and warmed up. A result that
   * is not a predictor with valid signatures fails the load with INVALID_ARGUMENT / PREDICTOR_UNFIT.
   */
  load(context: PlatformLoadContext<O>): Promise<Predictor>;
  /** Tells whether the files at `path` look like a model of this platform. Default: they never do. */
  accepts?(path: string): Promise<boolean>;
  /**
   * Returns whether the files at `path` are all there, or what is missing, so that a version half copied is
   * not loaded. Judge by what the model's own files say that it needs. Default: they are all there.
   */
  isComplete?(path: string): Promise<Completeness>;
  /**
   * Describes the model at `path` in lines of text, such as its signatures: `serving-kit inspect` prints them. A
   * model that can kill the process is loaded in a canary process first, or not at all.
   */
  describe?(path: string, options: O): Promise<string>;
  /** An upper bound of what the model will hold. Default: 1.2 times the size of its files. */
  estimateResources?(storage: StoragePath, options: O): Promise<Resources>;
  /** Makes a predictor of one that another thread shares: see `Predictor.share`. */
  attach?(shared: SharedPredictor, services: PlatformServices): Promise<Predictor>;
  /** See `Loader.probe`. */
  probe?(context: PlatformLoadContext<O>): Promise<void>;
}

/**
 * A kind of model: the adapter from paths to loaders, with what a source and a server need to know
 * of it. Use it as an operator, `source.pipe(tflite())`, or pass it to a server.
 */
export interface Platform extends SourceAdapter<StoragePath, Loader<Predictor>> {
  /** The name in configuration, such as `tflite`. */
  readonly platformName: string;
  accepts(path: string): Promise<boolean>;
  isComplete(path: string): Promise<Completeness>;
  /** Describes the model at `path` in lines of text. Absent if the platform cannot. */
  describe?(path: string): Promise<string>;
  /** Makes a predictor of one that another thread shares. Absent if the platform cannot. */
  attach?(shared: SharedPredictor, services?: Partial<PlatformServices>): Promise<Predictor>;
  /** The loader of one version. */
  loader(storage: StoragePath, id: ServableId): Loader<Predictor>;
}

/** Makes a platform with options: what `definePlatform` gives. */
export interface PlatformFactory<O extends object = Record<string, never>> {
  (options?: O): Platform;
  /** The `platformName` of what it makes. */
  readonly platformName: string;
}

/**
 * Makes a platform, the plugin that teaches every part of the kit a new kind of model.
 *
 * The result is a function from options to a `Platform`:
 *
 * ```ts
 * export const lookup = definePlatform({
 *   name: "lookup",
 *   async load({ path }) {
 *     const table = JSON.parse(await readFile(join(path, "table.json"), "utf8"));
 *     return { signatures, batchable: true, async predict(inputs) { … } };
 *   },
 * });
 * manager.connect(filesystemSource({ servables }).pipe(lookup()));
 * ```
 */
export function definePlatform<O extends object = Record<string, never>>(
  definition: PlatformDefinition<O>,
): PlatformFactory<O> {
  const create = (options = {} as O): Platform => {
    const loader = (
      { path, sizeBytes, options: own }: StoragePath,
      id: ServableId,
    ): Loader<Predictor> => ({
      async estimateResources() {
        const storage = sizeBytes === undefined ? { path } : { path, sizeBytes };
        if (definition.estimateResources) return definition.estimateResources(storage, options);
        return { [RAM_BYTES]: Math.ceil(1.2 * (sizeBytes ?? 0)) };
      },
      async load({ signal, warmingUp, ...services }) {
        const context = {
          ...{ path, id, signal, options, ...withDefaults(services) },
          ...(warmingUp && { warmingUp }),
          ...(own && { own }),
        };
        const predictor: unknown = await definition.load(context);
        checkPredictor(`load of the platform "${definition.name}"`, predictor);
        return predictor;
      },
      ...(definition.probe && {
        probe: async ({ signal, ...services }) =>
          definition.probe?.({
            ...{ path, id, signal, options, ...withDefaults(services) },
            ...(own && { own }),
          }),
      }),
    });
    const adapter = mapVersions(loader);
    return Object.assign((source: Parameters<typeof adapter>[0]) => adapter(source), {
      platformName: definition.name,
      accepts: async (path: string) => (await definition.accepts?.(path)) ?? false,
      isComplete: async (path: string) => (await definition.isComplete?.(path)) ?? COMPLETE,
      loader,
      ...(definition.describe && {
        describe: async (path: string) => (await definition.describe?.(path, options)) ?? "",
      }),
      ...(definition.attach && {
        async attach(shared: SharedPredictor, services: Partial<PlatformServices> = {}) {
          const predictor: unknown = await definition.attach?.(shared, withDefaults(services));
          checkPredictor(`attach of the platform "${definition.name}"`, predictor);
          return predictor;
        },
      }),
    });
  };
  return Object.assign(create, { platformName: definition.name });
}

const withDefaults = ({
  clock = systemClock,
  logger = silentLogger,
}: Partial<PlatformServices>): PlatformServices => ({ clock, logger });
