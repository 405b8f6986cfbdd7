import { textsOf } from "./dockerfile.js";
import type { Engine } from "./engine.js";
import { makeStandIns } from "./stand-in-images.js";

/** The images that the Dockerfile starts from, in words, and the arguments of a build that name them. */
export interface BaseImages {
  readonly names: string;
  readonly buildArguments: readonly string[];
}

/** The build arguments whose defaults name the images that the Dockerfile starts from, with these defaults. */
export function baseImageArguments(): Record<string, string> {
  const defaults = textsOf("ARG").map((text) => text.split("="));
  return Object.fromEntries(defaults.filter(([name]) => name?.endsWith("_IMAGE")));
}

/** Gets the images that the Dockerfile starts from, or makes stand-ins if their registry is out of reach. */
export async function baseImages(engine: Engine, folder: string): Promise<BaseImages> {
  const images = baseImageArguments();
  const names = Object.values(images);
  const pulled = await Promise.all(names.map((image) => engine.pull(`docker.io/library/${image}`)));
  if (pulled.every(Boolean)) return { names: names.join(", "), buildArguments: [] };
  const buildArguments = await makeStandIns(engine, folder, images);
  return { names: `stand-ins for ${names.join(", ")}`, buildArguments };
}
