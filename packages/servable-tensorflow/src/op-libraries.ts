import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pythonModuleFolder } from "@serving-kit/native-library";

/** The op libraries of one installed Python package. */
export interface OpLibraryPackage {
  /** The name of the package for pip, such as `tensorflow-text`. */
  readonly name: string;
  /** Its folder; absent if it is not installed. */
  readonly folder?: string;
  /** The absolute paths of its libraries. */
  readonly libraries: readonly string[];
}

/** The packages with the ops that are built into TensorFlow Serving, and the folders of their libraries. */
const PACKAGES = [
  { name: "tensorflow-text", module: "tensorflow_text", folders: ["python/ops", "python/metrics"] },
  { name: "ydf-tf", module: "ydf_tf", folders: ["."] },
] as const;

/**
 * Finds the op libraries of TF Text and Decision Forests in the Python where `libraryReport` finds tensorflow. They are
 * loaded when a model needs an op that TensorFlow does not have.
 */
export function findOpLibraries(): Promise<readonly OpLibraryPackage[]> {
  return Promise.all(
    PACKAGES.map(async ({ name, module, folders }) => {
      const folder = await pythonModuleFolder(module);
      if (folder === undefined) return { name, libraries: [] };
      const libraries = await Promise.all(folders.map((each) => librariesIn(join(folder, each))));
      return { name, folder, libraries: libraries.flat() };
    }),
  );
}

async function librariesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(".so"))
    .sort()
    .map((name) => join(folder, name));
}
