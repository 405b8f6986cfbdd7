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
 * Installs libtensorflow: asks pip for the link of TensorFlow's Python package, downloads and verifies the package, and
 * unpacks its two libraries with their licences. Needs pip, but no particular version of Python. Without pip, and on
 * Windows, it installs the official archive, which has an older version. Existing files are checked against the
 * checksums of their installation, and replaced if they are damaged.
 *
 * If the connection fails or the process exits, the next attempt resumes the download. A complete download is kept
 * until it is unpacked. If pip does not report the link (before 21.2), or if only pip can download the package (through
 * a proxy, or with a password), pip downloads it: such a download restarts after a kill.
 *
 * `version` defaults to 2.21.0 of the Python package, whose checksums are known, or, if only the official archive is
 * available, to 2.18.0 (on Windows 2.18.1), the last version with an archive. `archives` is the URL of a folder that
 * contains `<version>/<name>`; it defaults to Google's.
 *
 * @throws ServingError UNAVAILABLE / INSTALL_FAILED with the steps to install by hand; the signal's reason.
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

/** Chooses the Python package if there is pip, else the archive. */
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
