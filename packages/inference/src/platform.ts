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

/** The clock and the logger that a platform uses. */
export interface PlatformServices {
  /** The clock of call deadlines. Default `systemClock`. */
  readonly clock: Clock;
  /** Receives messages for the operator. Default none. */
  readonly logger: Logger;
}

/** Services that `attach` of a platform receives in addition to the shared predictor. */
export interface AttachServices extends Partial<PlatformServices> {
  /** The version that the predictor serves: see `runAsModel`. */
  readonly id?: ServableId | undefined;
}

/** The description of a model by its files: the result of `Platform.inspect`. */
export interface ModelInspection {
  /** Lines of text that describe the model: its path first, then its signatures and other facts for the operator. */
  readonly description: string;
  /** Reasons why a server on this machine would refuse to load it, one sentence each. Empty if none is known. */
  readonly problems: readonly string[];
}

/** Options of `Platform.libraryReport`. */
export interface LibraryReportOptions {
  /** Path of the only library to examine. Default: every place where a model would find a library. */
  readonly library?: string | undefined;
  /** If the signal aborts, its reason becomes the report's problem. */
  readonly signal?: AbortSignal | undefined;
}

/** A module with code that loads a model, as a configuration names it. */
export interface ModelModule {
  /** Absolute path of its file. */
  readonly modulePath: string;
  /** The export that loads the model. Default: as the platform defines. */
  readonly exportName?: string | undefined;
  /** Options for the export. Default none. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** `model_type` of the configuration. Default none. */
  readonly modelType?: string | undefined;
  /** The base path of the model. */
  readonly basePath: string;
}

/**
 * The code of models that a platform runs. Choosing the files is choosing the code, so a server runs such code only if
 * its operator said so. The server finds such models by their files if the platform's `accepts` does. It never runs
 * code that a client named.
 */
export interface PlatformCode {
  /** Suffixes of the modules that the platform runs, such as `.py`. */
  readonly suffixes: readonly string[];
  /** The platform for models that the configuration names. Naming is consent, so `accepts` checks only the files. */
  readonly named: Platform;
  /** Returns the loader of a version of a model that a module loads. */
  loader(module: ModelModule, storage: StoragePath, id: ServableId): Loader<Predictor>;
}

/**
 * A kind of model: the adapter from paths to loaders, and everything that a source, a server and the command need to
 * know about it. Use it as an operator, `source.pipe(tflite())`, or pass it to a server.
 *
 * A platform guarantees:
 * - G1 Making a platform and its loaders reads no file and opens no library.
 * - G2 `accepts` returns whether a path looks like a model of this platform, and false for a path that does
 *   not exist.
 * - G3 `isComplete` reports a model as complete if all its files exist, and otherwise what is missing. A path that does
 *   not exist is not complete.
 * - G4 `inspect` describes a model that the platform accepts, with its path and its signatures. For any other path, it
 *   rejects with a ServingError whose message has the path.
 * - G5 `inspect` changes no file and loads no model into this process before a canary process has tried it.
 * - G6 `libraryReport` never rejects. It returns the library that opens, or a problem and a remedy.
 * - G7 `install` installs a library that `libraryReport` can open. If the library is intact, `install` does nothing.
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
  /** Plural name of its models, such as `SavedModels`, for messages. Default: `<platformName> models`. */
  readonly models?: string;
  /** The form of a model's files, such as `a folder with saved_model.pb`, for messages. */
  readonly files?: string;
  /** Returns whether the files at `path` look like a model of this platform (G2). */
  accepts(path: string): Promise<boolean>;
  /** Returns whether the files at `path` are complete (G3). */
  isComplete(path: string): Promise<Completeness>;
  /** Describes the model at `path` from its files. Absent if the platform cannot. */
  inspect?(path: string): Promise<ModelInspection>;
  /** Reports on the library that runs the models. Absent if they need none. */
  libraryReport?(options?: LibraryReportOptions): Promise<LibraryReport>;
  /** Installs that library. Absent if a package manager installs it, or if there is none. */
  install?(options?: InstallLibraryOptions): Promise<InstalledLibrary>;
  /** Makes a predictor from one that another thread shares. Absent if the platform cannot. */
  attach?(shared: SharedPredictor, services?: AttachServices): Promise<Predictor>;
  /** Set if the models are code, which runs when they are loaded. */
  readonly code?: PlatformCode;
  /** Returns the loader of one version. */
  loader(storage: StoragePath, id: ServableId): Loader<Predictor>;
}

/** Returns a copy of a platform with some members replaced. */
export function withMembers(platform: Platform, members: Partial<Platform>): Platform {
  const adapter = members.loader ? mapVersions(members.loader) : platform;
  return Object.assign((source: Parameters<Platform>[0]) => adapter(source), {
    ...platform,
    ...members,
  });
}
