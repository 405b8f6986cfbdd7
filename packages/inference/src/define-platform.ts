import {
  type Clock,
  COMPLETE,
  type Completeness,
  type LoadContext,
  type Loader,
  mapVersions,
  RAM_BYTES,
  type Resources,
  type ServableId,
  type StoragePath,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import { checkPredictor } from "./check-predictor.js";
import { guard } from "./guard.js";
import { runAsModel } from "./model-scope.js";
import type {
  AttachServices,
  LibraryReportOptions,
  ModelInspection,
  Platform,
  PlatformServices,
} from "./platform.js";
import type { InstalledLibrary, InstallLibraryOptions, LibraryReport } from "./platform-library.js";
import type { Predictor, SharedPredictor } from "./predictor.js";
import type { PredictorLike } from "./predictor-like.js";

/** Context passed to `load` and `probe` of a platform. */
export interface PlatformLoadContext<O> extends PlatformServices {
  /** Path of the version's files. */
  readonly path: string;
  readonly id: ServableId;
  /** Aborts when the version is no longer wanted. */
  readonly signal: AbortSignal;
  /** See `LoadContext.warmingUp`. */
  readonly warmingUp?: LoadContext["warmingUp"];
  /** The options that the user passed to the platform. Default an empty object. */
  readonly options: O;
  /** Options of this version only: `StoragePath.options`. Not checked. Absent if there are none. */
  readonly own?: Readonly<Record<string, unknown>>;
}

/** The definition of a platform by its author. Only `name` and `load` are needed. */
export interface PlatformDefinition<O> {
  /** The name in configuration (`model_platform`), such as `tflite`. */
  readonly name: string;
  /**
   * Loads the model at `path`. Contract: `Loader.load`; the predictor must be ready and warmed up. The result is
   * wrapped in `guard`. A result that is not a predictor with valid signatures fails the load with INVALID_ARGUMENT /
   * PREDICTOR_UNFIT.
   */
  load(context: PlatformLoadContext<O>): PredictorLike | Promise<PredictorLike>;
  /**
   * True if the predictors themselves satisfy every clause of the contract of `Predictor`, so that they are not wrapped
   * in `guard`. Default false.
   */
  readonly keepsContract?: boolean;
  /** Returns whether the files at `path` look like a model of this platform. Default: always false. */
  accepts?(path: string): Promise<boolean>;
  /**
   * Returns whether all files at `path` exist, or what is missing, so that a partly copied version is not loaded.
   * Decide by what the model's own files say that it needs. Default: always complete.
   */
  isComplete?(path: string): Promise<Completeness>;
  /** Plural name of its models, such as `SavedModels`, for messages. Default: `<name> models`. */
  readonly models?: string;
  /** The form of a model's files, such as `a folder with saved_model.pb`, for messages. */
  readonly files?: string;
  /**
   * Describes the model at `path` from its files, such as its signatures: `serving-kit inspect` prints it. A model that
   * can kill the process is loaded in a canary process first, or not loaded.
   */
  inspect?(path: string, options: O): Promise<ModelInspection>;
  /**
   * Reports on the library that runs the models: `serving-kit doctor` prints it. Never rejects. A library that
   * can kill the process is opened in a canary process first.
   */
  libraryReport?(request: LibraryReportOptions, options: O): Promise<LibraryReport>;
  /** Installs that library: `serving-kit install <name>` calls it. */
  install?(request: InstallLibraryOptions): Promise<InstalledLibrary>;
  /** Returns an upper bound of the resources that the model will hold. Default: 1.2 times the size of its files. */
  estimateResources?(storage: StoragePath, options: O): Promise<Resources>;
  /** Makes a predictor from one that another thread shares: see `Predictor.share`. */
  attach?(
    shared: SharedPredictor,
    services: PlatformServices,
  ): PredictorLike | Promise<PredictorLike>;
  /** See `Loader.probe`. */
  probe?(context: PlatformLoadContext<O>): Promise<void>;
}

/** A function from options to a platform: the result of `definePlatform`. */
export interface PlatformFactory<O extends object = Record<string, never>> {
  (options?: O): Platform;
  /** The `platformName` of its platforms. */
  readonly platformName: string;
}

/**
 * Defines a platform: the plugin that adds a kind of model to every part of the kit.
 *
 * The result is a function from options to a `Platform`:
 *
 * @example
 * ```ts
 * const lookup = definePlatform({
 *   name: "lookup",
 *   async load({ path }) {
 *     const table: Record<string, number> = JSON.parse(await readFile(join(path, "table.json"), "utf8"));
 *     return {
 *       signatures: { serving_default: { inputs: { key: spec.string([-1]) }, outputs: { value: spec.float32([-1]) } } },
 *       batchable: true,
 *       predict: ({ key }) => ({ value: stringsOf(key as Tensor<"string">).map((one) => table[one] ?? 0) }),
 *     };
 *   },
 * });
 * manager.connect(filesystemSource({ servables }).pipe(lookup()));
 * ```
 */
export function definePlatform<O extends object = Record<string, never>>(
  definition: PlatformDefinition<O>,
): PlatformFactory<O> {
  const create = (options = {} as O): Platform => {
    const loader = (storage: StoragePath, id: ServableId) =>
      definedLoader(definition, options, storage, id);
    const adapter = mapVersions(loader);
    return Object.assign((source: Parameters<typeof adapter>[0]) => adapter(source), {
      platformName: definition.name,
      accepts: async (path: string) => (await definition.accepts?.(path)) ?? false,
      isComplete: async (path: string) => (await definition.isComplete?.(path)) ?? COMPLETE,
      loader,
      ...describedBy(definition, options),
      ...(definition.attach && {
        attach: (shared: SharedPredictor, services: AttachServices = {}) =>
          attach(definition, shared, services),
      }),
    });
  };
  return Object.assign(create, { platformName: definition.name });
}

/** The loader of one version of a platform. */
function definedLoader<O>(
  definition: PlatformDefinition<O>,
  options: O,
  { path, sizeBytes, options: own }: StoragePath,
  id: ServableId,
): Loader<Predictor> {
  const contextOf = ({ signal, warmingUp, ...services }: Omit<LoadContext, "id">) => ({
    ...{ path, id, signal, options, ...withDefaults(services) },
    ...(warmingUp && { warmingUp }),
    ...(own && { own }),
  });
  return {
    async estimateResources() {
      const storage = sizeBytes === undefined ? { path } : { path, sizeBytes };
      if (definition.estimateResources) return definition.estimateResources(storage, options);
      return { [RAM_BYTES]: Math.ceil(1.2 * (sizeBytes ?? 0)) };
    },
    async load(services) {
      const context = contextOf(services);
      // Predictors that keep the contract fail only in calls.
      const loading = definition.keepsContract
        ? definition.load(context)
        : runAsModel(id, () => definition.load(context));
      return checked(definition, "load", await loading, context.clock, id);
    },
    ...(definition.probe && {
      probe: async ({ warmingUp: _, ...services }: LoadContext) =>
        definition.probe?.(contextOf(services)),
    }),
  };
}

async function attach<O>(
  definition: PlatformDefinition<O>,
  shared: SharedPredictor,
  { id, ...services }: AttachServices,
): Promise<Predictor> {
  const all = withDefaults(services);
  const run = () => definition.attach?.(shared, all);
  const attaching = id === undefined || definition.keepsContract ? run() : runAsModel(id, run);
  return checked(definition, "attach", await attaching, all.clock, id);
}

/** Checks a predictor, or wraps it in `guard`, which then runs it as the version. */
function checked<O>(
  { name, keepsContract = false }: PlatformDefinition<O>,
  method: string,
  predictor: unknown,
  clock: Clock,
  id?: ServableId,
): Predictor {
  const where = `${method} of the platform "${name}"`;
  if (keepsContract) {
    checkPredictor(where, predictor);
    return predictor;
  }
  const guarded = () => guard(predictor as PredictorLike, { where, clock });
  return id === undefined ? guarded() : runAsModel(id, guarded);
}

/** The members that only the command uses, as far as the definition has them. */
function describedBy<O>(definition: PlatformDefinition<O>, options: O): Partial<Platform> {
  const { models, files, inspect, libraryReport, install } = definition;
  return {
    ...(models !== undefined && { models }),
    ...(files !== undefined && { files }),
    ...(inspect && { inspect: async (path: string) => inspect.call(definition, path, options) }),
    ...(libraryReport && {
      libraryReport: async (request: LibraryReportOptions = {}) =>
        libraryReport.call(definition, request, options),
    }),
    ...(install && {
      install: async (request: InstallLibraryOptions = {}) => install.call(definition, request),
    }),
  };
}

const withDefaults = ({
  clock = systemClock,
  logger = silentLogger,
}: Partial<PlatformServices>): PlatformServices => ({ clock, logger });
