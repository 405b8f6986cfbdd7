import {
  cachedFile,
  environmentVariable,
  explicitPath,
  type LibraryCandidate,
  type NativeLibrary,
  nodePackage,
  openLibrary,
} from "@serving-kit/native-library";
import { type Bindings, declarations, requiredSymbols } from "./bindings.js";

/** TensorFlow Lite, open in this process. */
export interface Tflite {
  readonly library: NativeLibrary;
  readonly bindings: Bindings;
  readonly hasXnnpack: boolean;
}

const platform = `${process.platform}-${process.arch}`;
const fileNames = ["libtensorflowlite_c.so", "libtensorflowlite_c.dylib", "tensorflowlite_c.dll"];

/** Where the library is looked for, in order. */
export function libraryCandidates(path?: string): readonly LibraryCandidate[] {
  return [
    ...explicitPath("option library", path),
    environmentVariable("SERVING_KIT_TFLITE_LIBRARY"),
    nodePackage(
      `@serving-kit/tflite-${platform}`,
      fileNames.map((name) => `lib/${name}`),
      import.meta.url,
    ),
    ...fileNames.map((name) => cachedFile(`tflite/${name}`)),
  ];
}

const bindingsOf = new WeakMap<NativeLibrary, Bindings>();

/**
 * Opens the TensorFlow Lite C library: at the path given, else at `SERVING_KIT_TFLITE_LIBRARY`, else
 * that of the package `@serving-kit/tflite-<os>-<arch>`, else `tflite/<file>` in the cache folder.
 * The Python packages of TensorFlow and LiteRT do not export this API.
 *
 * @throws ServingError as `openLibrary` does.
 */
export async function openTflite(path?: string): Promise<Tflite> {
  const library = await openLibrary({
    name: "TensorFlow Lite",
    candidates: libraryCandidates(path),
    // The error reporter and the variable tensors are in the API since 2.3.
    version: { symbol: "TfLiteVersion", atLeast: "2.3" },
    symbols: requiredSymbols,
    remedy: `install @serving-kit/tflite-${platform} (npm leaves it out with --omit=optional), or set SERVING_KIT_TFLITE_LIBRARY to the path of a libtensorflowlite_c`,
  });
  const bindings = bindingsOf.get(library) ?? library.functions(declarations);
  bindingsOf.set(library, bindings);
  return { library, bindings, hasXnnpack: library.has(declarations.xnnpackCreate[0]) };
}
