import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { gatedFiles } from "@serving-kit/inference";
import { errors } from "./errors.js";
import type { ExternalData, ModelFacts } from "./file/model-facts.js";

/**
 * Returns the files with the elements of a model's tensors, as paths below its folder.
 *
 * @throws ServingError DATA_LOSS / MODEL_FILE_INVALID for a file outside of the folder.
 */
export function externalFiles(path: string, { external }: ModelFacts): readonly string[] {
  const folder = dirname(path);
  const files = new Set<string>();
  for (const { location } of external) {
    const local = normalize(location);
    const isOutside = local === ".." || local.startsWith(`..${sep}`) || isAbsolute(local);
    if (location === "" || location.includes("\0") || isOutside) {
      const problem = `it has tensors in ${JSON.stringify(location)}, which is outside of its folder`;
      throw errors.modelFileInvalid(path, problem);
    }
    files.add(join(folder, local));
  }
  return [...files];
}

/** Returns which external data is missing; undefined if it is complete. */
export async function missingExternalData(
  path: string,
  facts: ModelFacts,
): Promise<string | undefined> {
  const folder = dirname(path);
  const sizes = new Map<string, number>();
  for (const file of externalFiles(path, facts)) {
    const size = await gatedFiles.stat(file).then(
      ({ size }) => size,
      () => undefined,
    );
    if (size === undefined) return `${file} with its tensors is missing`;
    sizes.set(file, size);
  }
  for (const data of facts.external) {
    const file = join(folder, normalize(data.location));
    const size = sizes.get(file) ?? 0;
    if (endOf(data) > size) {
      return `${file} has ${size} bytes; its tensors end at byte ${endOf(data)}`;
    }
  }
  return undefined;
}

const endOf = ({ offset, length = 0 }: ExternalData) => offset + length;
