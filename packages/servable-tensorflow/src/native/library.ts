import { dirname, join } from "node:path";
import {
  cachedFile,
  environmentVariable,
  explicitPath,
  type LibraryCandidate,
  mappedLibrary,
  type NativeLibrary,
  nodePackage,
  openLibrary,
  pythonPackage,
} from "@serving-kit/native-library";
import { type Bindings, declarations, requiredSymbols } from "./bindings.js";

/** TensorFlow, open in this process. */
export interface TensorFlow {
  readonly library: NativeLibrary;
  readonly bindings: Bindings;
}

/** The environment variable with the path of the library. */
export const LIBRARY_VARIABLE = "SERVING_KIT_TENSORFLOW_LIBRARY";

/** The command that installs libtensorflow. */
export const INSTALL_COMMAND = "serving-kit install tensorflow";

/** The folder in the cache folder that `installTensorFlow` fills. */
export const CACHED_FOLDER = "tensorflow";

/** Names of the main library: `_cc` is the Python package's; the official archive and tfjs-node have the other. */
export const FILE_NAMES = [
  "libtensorflow_cc.so.2",
  "libtensorflow_cc.2.dylib",
  "libtensorflow.so.2",
  "libtensorflow.2.dylib",
  "tensorflow.dll",
];

/** Returns the places to search for the library, in order. */
export function libraryCandidates(path?: string): readonly LibraryCandidate[] {
  return [
    ...explicitPath("option library", path),
    environmentVariable(LIBRARY_VARIABLE),
    mappedLibrary(/^libtensorflow(_cc)?\.so/),
    nodePackage(
      "@tensorflow/tfjs-node",
      FILE_NAMES.map((name) => `deps/lib/${name}`),
      // Resolved from the kit's own modules or the running program, never from the working directory.
      ...[import.meta.url, process.argv[1]].filter((from) => from !== undefined),
    ),
    ...FILE_NAMES.filter(isOfThisPlatform).map((name) => cachedFile(join(CACHED_FOLDER, name))),
    // Last, because asking Python takes one or two processes.
    pythonPackage("tensorflow", FILE_NAMES),
  ];
}

const bindingsOf = new WeakMap<NativeLibrary, Bindings>();

/**
 * Opens the C library of TensorFlow: at the given path, else at `SERVING_KIT_TENSORFLOW_LIBRARY`, else the one that is
 * already open in this process, else of an installed `@tensorflow/tfjs-node`, else in the cache folder, else of
 * Python's tensorflow. A process can have only one.
 *
 * Sets `TF_CPP_MIN_LOG_LEVEL` to 2 unless it is set: TensorFlow then writes only errors to stderr.
 *
 * @throws ServingError as `openLibrary` does.
 */
export async function openTensorFlow(path?: string): Promise<TensorFlow> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  const library = await openLibrary({
    name: "TensorFlow",
    candidates: libraryCandidates(path),
    // Strings have the format TF_TString since 2.4.
    version: { symbol: "TF_Version", atLeast: "2.4" },
    symbols: requiredSymbols,
    companions: (file) => [frameworkOf(file)].filter((name) => name !== undefined),
    isGlobal: true,
    remedy: `run \`${INSTALL_COMMAND}\`, or set ${LIBRARY_VARIABLE} to the path of a libtensorflow`,
  });
  const bindings = bindingsOf.get(library) ?? library.functions(declarations);
  bindingsOf.set(library, bindings);
  return { library, bindings };
}

/** Returns the library to open before the main one, from the same folder; Windows has none. */
function frameworkOf(path: string): string | undefined {
  if (process.platform === "win32") return undefined;
  const name = process.platform === "darwin" ? "framework.2.dylib" : "framework.so.2";
  return join(dirname(path), `libtensorflow_${name}`);
}

function isOfThisPlatform(name: string): boolean {
  const ending = { darwin: ".dylib", win32: ".dll" }[process.platform as string] ?? ".so.2";
  return name.endsWith(ending);
}
