import {
  cachedFile,
  environmentVariable,
  explicitPath,
  type LibraryCandidate,
  type LibraryRequirements,
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
  /** True if a run can be stopped. */
  readonly canCancel: boolean;
  /** True if signatures of any subgraph can be called, not only those of subgraph 0. */
  readonly hasSignatureRunners: boolean;
}

const platform = `${process.platform}-${process.arch}`;
const extension = process.platform === "darwin" ? "dylib" : "so";
const newestFileName = `libjnitensorflowlite.${extension}`;
const fileName =
  process.platform === "win32" ? "tensorflowlite_c.dll" : `libtensorflowlite_c.${extension}`;

/** The platforms of 2.21, which needs glibc 2.34 and GLIBCXX_3.4.30 or macOS 15, and of 2.9. */
const NEWEST_PLATFORMS = ["linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64"];
const FALLBACK_PLATFORMS = ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64"];

/** The npm packages with a library for this platform, and the library's file in them, newest first. */
const npmPackages = [
  ...(NEWEST_PLATFORMS.includes(platform)
    ? [{ name: `@serving-kit/tflite-${platform}`, file: `lib/${newestFileName}` }]
    : []),
  ...(FALLBACK_PLATFORMS.includes(platform)
    ? [{ name: `@serving-kit/tflite-2.9-${platform}`, file: `lib/${fileName}` }]
    : []),
];

/** Returns the places of the library, in order of precedence. */
export function libraryCandidates(path?: string): readonly LibraryCandidate[] {
  return [
    ...explicitPath("option library", path),
    environmentVariable("SERVING_KIT_TFLITE_LIBRARY"),
    ...npmPackages.map(({ name, file }) => nodePackage(name, [file], import.meta.url)),
    cachedFile(`tflite/${fileName}`),
  ];
}

/** The remedy if no library opens, as the end of a sentence. */
export const libraryRemedy =
  npmPackages.length === 0
    ? "set SERVING_KIT_TFLITE_LIBRARY to the path of a libtensorflowlite_c: no npm package has one for this platform"
    : `install ${npmPackages.map(({ name }) => name).join(" or ")} (npm leaves them out with --omit=optional), or set SERVING_KIT_TFLITE_LIBRARY to the path of a libtensorflowlite_c`;

/** Requirements for a library that runs models. */
export const libraryRequirements = (
  candidates: readonly LibraryCandidate[],
): LibraryRequirements => ({
  name: "TensorFlow Lite",
  candidates,
  // The API has the error reporter and the variable tensors since 2.3.
  version: { symbol: "TfLiteVersion", atLeast: "2.3" },
  symbols: requiredSymbols,
  remedy: libraryRemedy,
});

const bindingsOf = new WeakMap<NativeLibrary, Bindings>();

/**
 * Opens the TensorFlow Lite C library: at the given path, else at `SERVING_KIT_TFLITE_LIBRARY`, else 2.21 of the
 * package `@serving-kit/tflite-<os>-<arch>`, else 2.9 of `@serving-kit/tflite-2.9-<os>-<arch>`, else `tflite/<file>` in
 * the cache folder. The first that opens is used; `attempts` of the library has the reason for each place before it.
 * The Python packages of TensorFlow and LiteRT do not export this API.
 *
 * @throws ServingError as `openLibrary` does.
 */
export async function openTflite(path?: string): Promise<Tflite> {
  const library = await openLibrary(libraryRequirements(libraryCandidates(path)));
  const bindings = bindingsOf.get(library) ?? library.functions(declarations);
  bindingsOf.set(library, bindings);
  const has = (name: keyof typeof declarations) => library.has(declarations[name][0]);
  return {
    library,
    bindings,
    hasXnnpack: has("xnnpackCreate") && has("modifyGraph"),
    canCancel: has("enableCancellation") && has("cancel"),
    hasSignatureRunners: has("signatureRunner"),
  };
}
