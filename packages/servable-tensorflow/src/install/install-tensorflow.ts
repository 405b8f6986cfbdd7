import { join } from "node:path";
import type { InstalledLibrary, InstallLibraryOptions } from "@serving-kit/inference";
import { cacheFolder, isMusl, nativeLibraryErrors } from "@serving-kit/native-library";
import {
  fetchWheel,
  findPip,
  installLibrary,
  type LibrarySource,
} from "@serving-kit/native-library/install";
import { CACHED_FOLDER, FILE_NAMES, LIBRARY_VARIABLE } from "../native/library.js";
import { ARCHIVED_LICENSE, ARCHIVES, type Archive, archiveFor } from "./archive.js";
import { fetchArchive } from "./fetch-archive.js";
import { DEFAULT_VERSION, type TensorFlowWheel, wheelFor } from "./wheel.js";

/** The result of an installation. */
export type Installation = Omit<InstalledLibrary, "name" | "variable">;

const TITLE = "libtensorflow";
const LICENSE = "THIRD_PARTY_NOTICES.txt";

/**
 * Gets libtensorflow: asks pip where TensorFlow's Python package is, downloads it, checks it, and
 * unpacks the two libraries in it, with their licences. Needs pip, but no Python of a certain version.
 * Without pip, and on Windows, it gets the official archive, which is of an older version. What is
 * there already is checked against the checksums of its installation, and replaced where damaged.
 *
 * Where the connection breaks or the process ends, the download goes on from there, the next time too;
 * a whole one is kept until it is unpacked. Where pip does not say where it is (before 21.2), or only
 * pip can get it (a proxy, a password), pip downloads it: that starts again after a kill.
 *
 * `version` defaults to 2.21.0 of the Python package, whose checksums are known, or, if only the official archive can
 * be had, to 2.18.0 (on Windows 2.18.1), the last that has one. `archives` is the URL of a folder with
 * `<version>/<name>` below it and defaults to Google's.
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with what to do by hand; the signal's reason.
 */
export async function installTensorFlow(
  options: InstallLibraryOptions = {},
): Promise<Installation> {
  const { version, archives = ARCHIVES } = options;
  const folder = options.dir ?? join(cacheFolder(), CACHED_FOLDER);
  const platform = `${process.platform}-${process.arch}`;
  const [wheel, archive] = isMusl() ? [] : [wheelFor(platform), archiveFor(platform)];
  if (version !== undefined && !/^\d+(\.\d+)*([a-z]+\d+)?$/.test(version)) {
    throw new TypeError(`version must be one of TensorFlow, such as 2.21.0; got "${version}"`);
  }
  const remedy = remedyFor(folder, wheel, archive, version);
  if (wheel === undefined && archive === undefined) {
    throw nativeLibraryErrors.installFailed(TITLE, `no package carries it for ${platform}`, remedy);
  }
  const versions = [wheel && DEFAULT_VERSION, archive?.version].filter((one) => one !== undefined);
  return installLibrary(
    {
      ...{ title: TITLE, folder, versions, mainLibraries: FILE_NAMES, remedy },
      chooseSource: () => chooseSource(wheel, archive, archives),
    },
    options,
  );
}

/** The Python package where there is pip, else the archive. */
async function chooseSource(
  wheel: TensorFlowWheel | undefined,
  archive: Archive | undefined,
  archives: string,
): Promise<LibrarySource> {
  const pip = wheel && (await findPip());
  if (wheel !== undefined && pip !== undefined) {
    return {
      ...{ name: wheel.package, version: DEFAULT_VERSION, sha256: wheel.sha256 },
      wanted: [...wheel.libraries, LICENSE].map((name) => ({
        name,
        isAt: (path) => path === `tensorflow/${name}`,
        isOptional: name === LICENSE,
      })),
      fetch: (pinned, folder, options) => fetchWheel(pip, wheel, pinned, folder, options),
    };
  }
  if (archive === undefined) throw new Error("neither python3 -m pip nor pip runs");
  const libraries = archive.libraries.map(({ path, name }) => ({
    name,
    isAt: (text: string) => path.test(text),
  }));
  return {
    ...{ name: archive.name, version: archive.version, sha256: archive.sha256 },
    wanted: [
      ...libraries,
      { name: LICENSE, isAt: (path) => ARCHIVED_LICENSE.test(path), isOptional: true },
    ],
    fetch: (pinned, folder, options) =>
      fetchArchive(archive, pinned, folder, { ...options, archives }),
  };
}

function remedyFor(
  folder: string,
  wheel: TensorFlowWheel | undefined,
  archive: Archive | undefined,
  version: string | undefined,
): string {
  const ways = ["By hand: "];
  if (wheel !== undefined) {
    ways.push(
      `\`pip install ${wheel.package}==${version ?? DEFAULT_VERSION}\` into the Python on PATH, whose libraries are then used; or put ${wheel.libraries.join(" and ")} of that package into ${folder}; or `,
    );
  }
  const url = archive && `${ARCHIVES}/${archive.version}/${archive.name}`;
  const from = url ?? "https://www.tensorflow.org/install/lang_c";
  ways.push(
    `get a libtensorflow for the C language (${from}), and set ${LIBRARY_VARIABLE} to the path of its library`,
  );
  return ways.join("");
}
