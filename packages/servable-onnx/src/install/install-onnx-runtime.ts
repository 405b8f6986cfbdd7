import { join } from "node:path";
import type { InstalledLibrary, InstallLibraryOptions } from "@serving-kit/inference";
import { cacheFolder, isMusl, nativeLibraryErrors } from "@serving-kit/native-library";
import {
  fetchWheel,
  findPip,
  installLibrary,
  type LibrarySource,
} from "@serving-kit/native-library/install";
import { LIBRARIES, libraryName, type PinnedLibrary, wantedFiles } from "./libraries.js";

const TITLE = "ONNX Runtime";

/** The places where `openOnnxRuntime` searches for the library. */
export interface LibraryPlaces {
  /** The folder in the cache folder. */
  readonly cachedFolder: string;
  /** The environment variable with the path of the library. */
  readonly variable: string;
}

/**
 * Installs ONNX Runtime: asks pip for the link of its Python package, downloads and verifies the package, and unpacks
 * its library with the licences. Needs pip, but no particular version of Python. Existing files are checked against the
 * checksums of their installation, and replaced if they are damaged. An interrupted download continues.
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with the steps to install by hand; the signal's reason.
 */
export async function installOnnxRuntime(
  { cachedFolder, variable }: LibraryPlaces,
  options: InstallLibraryOptions = {},
): Promise<InstalledLibrary> {
  const folder = options.dir ?? join(cacheFolder(), cachedFolder);
  const here = `${process.platform}-${process.arch}`;
  const pinned = Object.hasOwn(LIBRARIES, here) && !isMusl() ? LIBRARIES[here] : undefined;
  if (pinned === undefined) {
    const remedy = `Build it, and set ${variable} to its path`;
    throw nativeLibraryErrors.installFailed(TITLE, `no package carries it for ${here}`, remedy);
  }
  const { version = pinned.version } = options;
  const installed = await installLibrary(
    {
      ...{ title: TITLE, folder, versions: [pinned.version] },
      mainLibraries: [libraryName(pinned)],
      remedy: `By hand: \`pip install onnxruntime==${version}\` into the Python on PATH, whose library is then used`,
      chooseSource: () => sourceOf(pinned),
    },
    options,
  );
  return { name: TITLE, variable, ...installed };
}

async function sourceOf(library: PinnedLibrary): Promise<LibrarySource> {
  const pip = await findPip();
  if (pip === undefined) throw new Error("neither python3 -m pip nor pip runs");
  return {
    ...{ name: library.package, version: library.version, sha256: library.wheelSha256 },
    wanted: wantedFiles(library),
    fetch: (pinned, folder, options) => fetchWheel(pip, library, pinned, folder, options),
  };
}
