import { join } from "node:path";
import {
  cachedFile,
  callOnThread,
  environmentVariable,
  explicitPath,
  type LibraryCandidate,
  mappedLibrary,
  type NativeLibrary,
  nodePackage,
  openLibrary,
  pythonPackage,
  setEnvironment,
} from "@serving-kit/native-library";
import { API_VERSION, type Api, apiOf, declareEarly, tableOf, versionOf } from "./api.js";
import { Statuses } from "./status.js";

/** ONNX Runtime, open in this process. */
export interface OnnxRuntime {
  readonly library: NativeLibrary;
  readonly api: Api;
  readonly statuses: Statuses;
  /** The address of the `OrtEnv`, which lives as long as the process. */
  readonly env: bigint;
  /** The address of the `OrtMemoryInfo` of the process's memory. */
  readonly memory: bigint;
  /** The address of the default `OrtAllocator`. */
  readonly allocator: bigint;
}

/** The environment variable with the path of the library. */
export const LIBRARY_VARIABLE = "SERVING_KIT_ONNXRUNTIME_LIBRARY";

const here = `${process.platform}-${process.arch}`;

/** The npm package with the library for this platform. */
export const PLATFORM_PACKAGE = `@serving-kit/onnxruntime-${here}`;

/** The folder in the cache folder that `install` fills. */
export const CACHED_FOLDER = "onnxruntime";

/** The remedy if no library is found. */
export const LIBRARY_REMEDY = `run \`serving-kit install onnx\`, install ${PLATFORM_PACKAGE} or onnxruntime-node, or set ${LIBRARY_VARIABLE} to the path of a libonnxruntime`;

/** The name of the library in this platform's package. */
export const FILE_NAME =
  { darwin: "libonnxruntime.dylib", win32: "onnxruntime.dll" }[process.platform as string] ??
  "libonnxruntime.so";

/** Matches the library's names in Python's package, which have a version. */
const PYTHON_NAME = /^(libonnxruntime\.so\.[\d.]+|libonnxruntime\.[\d.]+\.dylib|onnxruntime\.dll)$/;

/** Returns the places to search for the library, in order. */
export function libraryCandidates(path?: string): readonly LibraryCandidate[] {
  const from = [import.meta.url, process.argv[1]].filter((one) => one !== undefined);
  const nodeFolder = `bin/napi-v6/${process.platform}/${process.arch}`;
  const nodeNames = ["libonnxruntime.so.1", "libonnxruntime.1.dylib", "onnxruntime.dll"];
  return [
    ...explicitPath("option library", path),
    environmentVariable(LIBRARY_VARIABLE),
    // A second copy under the same name cannot be opened: the linker returns the first one for both.
    mappedLibrary(/^libonnxruntime\.(so|[\d.]*dylib)/),
    nodePackage(PLATFORM_PACKAGE, [`lib/${FILE_NAME}`], ...from),
    nodePackage(
      "onnxruntime-node",
      nodeNames.map((name) => `${nodeFolder}/${name}`),
      ...from,
    ),
    cachedFile(join(CACHED_FOLDER, FILE_NAME)),
    // Last, because asking Python takes one or two processes.
    pythonPackage("onnxruntime", [{ folder: "capi", name: PYTHON_NAME }]),
  ];
}

const started = new WeakMap<NativeLibrary, Promise<OnnxRuntime>>();

/**
 * Opens ONNX Runtime: the library at `path`, else at `SERVING_KIT_ONNXRUNTIME_LIBRARY`, else the one that is open in
 * this process, else of the npm package for this platform, of onnxruntime-node, in the cache folder, of Python's
 * onnxruntime. A process can have only one.
 *
 * Telemetry is disabled: without ORT_DISABLE_TELEMETRY=1 in the environment, ONNX Runtime 1.29 and later starts a
 * thread, writes a device id into the home folder and sends data about loaded models to its publisher.
 *
 * @throws ServingError as `openLibrary` does.
 */
export async function openOnnxRuntime(path?: string): Promise<OnnxRuntime> {
  const library = await openLibrary({
    name: "ONNX Runtime",
    candidates: libraryCandidates(path).map(withoutTelemetry),
    version: {
      atLeast: "1.21",
      read(functions) {
        return versionOf(functions({ base: ["OrtGetApiBase", "void *"] }).base());
      },
    },
    symbols: ["OrtGetApiBase"],
    remedy: LIBRARY_REMEDY,
  });
  let runtime = started.get(library);
  if (runtime === undefined) {
    runtime = start(library);
    started.set(library, runtime);
    runtime.catch(() => started.delete(library));
  }
  return runtime;
}

/** A library reads the variable at its first use. `process.env` of a worker thread does not reach C. */
function withoutTelemetry(candidate: LibraryCandidate): LibraryCandidate {
  return {
    ...candidate,
    locate() {
      setEnvironment("ORT_DISABLE_TELEMETRY", "1");
      return candidate.locate();
    },
  };
}

/** Writes only fatal problems to stderr: errors are in the status of a call. */
const LOG_FATAL = 4;
/** `OrtArenaAllocator` and `OrtMemTypeDefault`. */
const ARENA = 1;
const DEFAULT_MEMORY = 0;

/** Creates the environment on a thread: registering the schemas of all operators takes longer than the rest. */
async function start(library: NativeLibrary): Promise<OnnxRuntime> {
  const { base } = library.functions({ base: ["OrtGetApiBase", "void *"] });
  const api = apiOf(tableOf(base(), API_VERSION) as bigint);
  const statuses = new Statuses(api);
  // Read after the call, so that the garbage collector keeps it until then.
  const slot = new BigUint64Array(1);
  const creating = callOnThread<bigint | null>(api.CreateEnv, LOG_FATAL, "serving-kit", slot);
  declareEarly(api);
  statuses.check(await creating);
  const [env = 0n] = slot;
  statuses.check(api.DisableTelemetryEvents(env));
  const out = statuses.out.bind(statuses);
  return {
    library,
    api,
    statuses,
    env,
    memory: out(api.CreateCpuMemoryInfo, ARENA, DEFAULT_MEMORY),
    allocator: out(api.GetAllocatorWithDefaultOptions),
  };
}
