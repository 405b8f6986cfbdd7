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

/** Names of the main library: `_cc` is the one of the Python package, the other that of the official archive and tfjs-node. */
export const FILE_NAMES = [
  "libtensorflow_cc.so.2",
  "libtensorflow_cc.2.dylib",
  "libtensorflow.so.2",
  "libtensorflow.2.dylib",
  "tensorflow.dll",
];

/** Where the library is looked for, in order. */
export function libraryCandidates(path?: string): readonly LibraryCandidate[] {
  return [
    ...explicitPath("option library", path),
    environmentVariable(LIBRARY_VARIABLE),
    mappedLibrary(/^libtensorflow(_cc)?\.so/),
    nodePackage(
      "@tensorflow/tfjs-node",
      FILE_NAMES.map((name) => `deps/lib/${name}`),
      // Never that of the working directory: of the kit's own tree, or of the program that runs.
      ...[import.meta.url, process.argv[1]].filter((from) => from !== undefined),
    ),
    ...FILE_NAMES.filter(isOfThisPlatform).map((name) => cachedFile(join(CACHED_FOLDER, name))),
    // Last, since asking Python takes a process or two.
    pythonPackage("tensorflow", FILE_NAMES),
  ];
}

const bindingsOf = new WeakMap<NativeLibrary, Bindings>();

/**
 * Opens the C library of TensorFlow: at the path given, else at `SERVING_KIT_TENSORFLOW_LIBRARY`,
 * else the one that is already open in this process, else that of an installed
 * `@tensorflow/tfjs-node`, else that in the cache folder, else that of Python's tensorflow. A process
 * can hold only one.
 *
 * Unless `TF_CPP_MIN_LOG_LEVEL` is set, it is set to 2: TensorFlow then writes only errors to stderr.
 *
 * @throws ServingError as `openLibrary` does.
 */
export async function openTensorFlow(path?: string): Promise<TensorFlow> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  const library = await openLibrary({
    name: "TensorFlow",
    candidates: libraryCandidates(path),
    // Strings have the form TF_TString since 2.4.
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

/** The library that has to be opened first, beside the main one; there is none on Windows. */
function frameworkOf(path: string): string | undefined {
  if (process.platform === "win32") return undefined;
  const name = process.platform === "darwin" ? "framework.2.dylib" : "framework.so.2";
  return join(dirname(path), `libtensorflow_${name}`);
}

function isOfThisPlatform(name: string): boolean {
  const ending = { darwin: ".dylib", win32: ".dll" }[process.platform as string] ?? ".so.2";
  return name.endsWith(ending);
}
