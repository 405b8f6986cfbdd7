import {
  type Clock,
  type Completeness,
  type Loader,
  type Logger,
  mapVersions,
  type ServableId,
  type SourceAdapter,
  type StoragePath,
} from "@serving-kit/core";
import type { InstalledLibrary, InstallLibraryOptions, LibraryReport } from "./platform-library.js";
import type { Predictor, SharedPredictor } from "./predictor.js";

/** The time and the log of a platform, which has none of its own. */
export interface PlatformServices {
  /** The time that deadlines of calls refer to. Default `systemClock`. */
  readonly clock: Clock;
  /** Receives what an operator should know. Default none. */
  readonly logger: Logger;
}

/** Services that `attach` of a platform receives in addition to the shared predictor. */
export interface AttachServices extends Partial<PlatformServices> {
  /** The version that the predictor serves: see `runAsModel`. */
  readonly id?: ServableId | undefined;
}

/** The description of a model by its files: the result of `Platform.inspect`. */
export interface ModelInspection {
  /** The model in lines of text, the path first: its signatures and what else an operator should know. */
  readonly description: string;
  /** Why a server on this machine would refuse to load it: a sentence each. Empty if nothing is known. */
  readonly problems: readonly string[];
}

/** Options of `Platform.libraryReport`. */
export interface LibraryReportOptions {
  /** Path of the only library to examine. Default: wherever a model would find one. */
  readonly library?: string | undefined;
  /** If it aborts, its reason becomes the report's problem. */
  readonly signal?: AbortSignal | undefined;
}

/** A module with code that loads a model, as a configuration names it. */
export interface ModelModule {
  /** Absolute path of its file. */
  readonly modulePath: string;
  /** The export that loads the model. Default: as the platform says. */
  readonly exportName?: string | undefined;
  /** Options for it. Default none. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** `model_type` of the configuration. Default none. */
  readonly modelType?: string | undefined;
  /** The base path of the model. */
  readonly basePath: string;
}

/**
 * The code of models that a platform runs. Choosing the files is choosing the code: a server runs it only where
 * its operator said so. It finds such models by their files if `accepts` of the platform does. It never runs code that
 * a client named.
 */
export interface PlatformCode {
  /** The ends of the modules that it runs, such as `.py`. */
  readonly suffixes: readonly string[];
  /** The platform for models whose configuration names it, which is consent: its `accepts` goes by the files alone. */
  readonly named: Platform;
  /** The loader of a version of a model that a module loads. */
  loader(module: ModelModule, storage: StoragePath, id: ServableId): Loader<Predictor>;
}

/**
 * A kind of model: the adapter from paths to loaders, and everything that a source, a server and the command
 * need to know about it. Use it as an operator, `source.pipe(tflite())`, or pass it to a server.
 *
 * A platform guarantees:
 * - G1 Making a platform and its loaders reads no file and opens no library.
 * - G2 `accepts` returns whether a path looks like a model of this platform, and false for a path that does
 *   not exist.
 * - G3 `isComplete` returns that a model is complete if all its files are there, and otherwise what is
 *   missing. A path that does not exist is not complete.
 * - G4 `inspect` describes a model that the platform accepts, with its path and its signatures. Anything
 *   else rejects with a ServingError whose message has the path.
 * - G5 `inspect` changes no file and loads no model into this process before another process has tried it.
 * - G6 `libraryReport` never rejects. It returns the library that opens, or a problem and a remedy.
 * - G7 `install` installs a library that `libraryReport` can open, and installs nothing if it is intact.
 * - G8 `install` rejects with the signal's reason if the signal aborts.
 * - G9 Deadlines of the predictors that a loader loads refer to the clock passed to `load`.
 *
 * @example
 * ```ts
 * const platforms: readonly Platform[] = [tflite({ threads: 2 }), xgboost()];
 * await createModelServer({ models: { digits: "models/digits" }, platforms });
 * ```
 */
export interface Platform extends SourceAdapter<StoragePath, Loader<Predictor>> {
  /** The name in configuration, such as `tflite`. */
  readonly platformName: string;
  /** Its models in the plural, such as `SavedModels`, for messages. Default: `<platformName> models`. */
  readonly models?: string;
  /** The form of a model's files, such as `a folder with saved_model.pb`, for messages. */
  readonly files?: string;
  /** Returns whether the files at `path` look like a model of this platform (G2). */
  accepts(path: string): Promise<boolean>;
  /** Returns whether the files at `path` are complete (G3). */
  isComplete(path: string): Promise<Completeness>;
  /** Describes the model at `path` by its files. Absent if the platform cannot. */
  inspect?(path: string): Promise<ModelInspection>;
  /** Reports on the library that runs its models. Absent if they need none. */
  libraryReport?(options?: LibraryReportOptions): Promise<LibraryReport>;
  /** Installs that library. Absent if a package manager does, or if there is none. */
  install?(options?: InstallLibraryOptions): Promise<InstalledLibrary>;
  /** Makes a predictor of one that another thread shares. Absent if the platform cannot. */
  attach?(shared: SharedPredictor, services?: AttachServices): Promise<Predictor>;
  /** Set if its models are code, which runs when they are loaded. */
  readonly code?: PlatformCode;
  /** The loader of one version. */
  loader(storage: StoragePath, id: ServableId): Loader<Predictor>;
}

/** Returns a platform that differs from another one in some members. */
export function withMembers(platform: Platform, members: Partial<Platform>): Platform {
  const adapter = members.loader ? mapVersions(members.loader) : platform;
  return Object.assign((source: Parameters<Platform>[0]) => adapter(source), {
    ...platform,
    ...members,
  });
}
