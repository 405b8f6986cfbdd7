import { join } from "node:path";
import {
  type Loader,
  mapVersions,
  RAM_BYTES,
  type ServableId,
  type StoragePath,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import type {
  ModelModule,
  Platform,
  PlatformCode,
  PlatformFactory,
  Predictor,
} from "@serving-kit/inference";
import { hasModule, MODULE_FILE, moduleCompleteness } from "./find-module.js";
import { inspectModule } from "./inspect-module.js";
import { interpreterReport } from "./interpreter-report.js";
import { checkLoaded, loadModel, type ModuleCall } from "./load-model.js";
import { residentBytes } from "./measures.js";
import {
  checkOptions,
  type PythonModelOptions,
  type PythonOptions,
  settingsOf,
} from "./options.js";
import type { WorkerPool } from "./pool/worker-pool.js";

const NAME = "python";

/** Memory of an interpreter with numpy and the kit, without the model. */
const WORKER_BYTES = 200 * 2 ** 20;

/**
 * The platform for models written in Python: a folder with `model.py`, or a module that a configuration names. Each
 * version runs in its own worker processes.
 *
 * ```ts
 * createModelServer({ platforms: [python({ workers: 2 })], models: [{ name: "m", basePath: "/models/m" }] });
 * ```
 *
 * Errors of loading: PYTHON_NOT_FOUND, PYTHON_MODULE_FAILED (FAILED_PRECONDITION), PYTHON_MODULE_UNFIT,
 * PREDICTOR_UNFIT (INVALID_ARGUMENT), MODEL_FILE_MISSING (NOT_FOUND), PYTHON_START_TIMED_OUT, PYTHON_WORKER_DIED
 * (UNAVAILABLE), PYTHON_UNSUPPORTED (UNIMPLEMENTED).
 *
 * @throws ServingError INVALID_ARGUMENT / PYTHON_OPTIONS_INVALID for an unknown or invalid option.
 *
 * @example
 * ```ts
 * await createModelServer({ models: { sentiment: "models/sentiment" }, platforms: [python({ workers: 2 })] });
 * ```
 */
export const python: PlatformFactory<PythonOptions> = Object.assign(
  (options: PythonOptions = {}): Platform => {
    checkOptions(options);
    const { detect = true } = options;
    const named = platformOf(options, true);
    const code: PlatformCode = {
      suffixes: [".py"],
      named,
      loader: (module, storage, id) => moduleLoader(options, module, storage, id),
    };
    return Object.assign(platformOf(options, detect), { code });
  },
  { platformName: NAME },
);

function platformOf(options: PythonOptions, detect: boolean): Platform {
  const loader = (storage: StoragePath, id: ServableId): Loader<Predictor> => {
    const { name, version } = id;
    const facts = { name, version: Number(version), base_path: "", model_type: "", options: {} };
    const call = { module: join(storage.path, MODULE_FILE), config: facts };
    return pythonLoader(options, call, storage, id);
  };
  const adapter = mapVersions(loader);
  return Object.assign((source: Parameters<Platform>[0]) => adapter(source), {
    platformName: NAME,
    models: "Python models",
    files: `a folder with ${MODULE_FILE}`,
    accepts: async (path: string) => detect && (await hasModule(path)),
    isComplete: moduleCompleteness,
    inspect: (path: string) => inspectModule(path, settingsOf(options)),
    libraryReport: ({ library, signal }: { library?: string; signal?: AbortSignal } = {}) =>
      interpreterReport(library ?? options.interpreter, signal),
    loader,
  });
}

/** Returns the loader of a version whose module a configuration names. */
function moduleLoader(
  options: PythonOptions,
  { modulePath, exportName, modelType = "", basePath, options: own = {} }: ModelModule,
  storage: StoragePath,
  id: ServableId,
): Loader<Predictor> {
  const config = {
    ...{ name: id.name, version: Number(id.version) },
    ...{ base_path: basePath, model_type: modelType, options: own },
  };
  return pythonLoader(options, { module: modulePath, exportName, config }, storage, id);
}

function pythonLoader(
  options: PythonOptions,
  call: ModuleCall,
  { path, sizeBytes = 0, options: own }: StoragePath,
  id: ServableId,
): Loader<Predictor> {
  const settings = () => settingsOf(options, own?.[NAME] as PythonModelOptions | undefined);
  let pool: WorkerPool | undefined;
  return {
    async estimateResources() {
      const estimate = settings().workers * (WORKER_BYTES + Math.ceil(1.2 * sizeBytes));
      const resident = pool?.workers.reduce((sum, { pid }) => sum + residentBytes(pid), 0) ?? 0;
      return { [RAM_BYTES]: resident === 0 ? estimate : Math.min(estimate, resident) };
    },
    async load({ signal, clock = systemClock, logger = silentLogger }) {
      const loaded = await loadModel(call, settings(), { path, id, signal, clock, logger });
      try {
        checkLoaded(call.module, loaded);
        signal.throwIfAborted();
      } catch (error) {
        await loaded.pool[Symbol.asyncDispose]();
        throw error;
      }
      pool = loaded.pool;
      return loaded.predictor;
    },
  };
}
