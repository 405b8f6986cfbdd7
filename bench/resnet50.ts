import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Tensors, tensor } from "@serving-kit/inference";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".cache/resnet50");

/** A ResNet50-shaped SavedModel, 100 MB, with JPEG bytes for it. */
export interface Resnet50 {
  readonly path: string;
  readonly picture: string;
  readonly inputs: Tensors;
  /** The Python that made it, which has TensorFlow. */
  readonly python: string;
}

/** Makes the model with Python's TensorFlow when it is not there yet. Throws where there is none. */
export async function resnet50(): Promise<Resnet50> {
  const python = await findPython();
  const picture = join(folder, "picture.jpg");
  if (!existsSync(picture)) {
    await mkdir(folder, { recursive: true });
    await run(python, [join(root, "bench/models/resnet50.py"), folder]);
  }
  const inputs = { image_bytes: tensor("string", [1], [await readFile(picture)]) };
  return { path: join(folder, "1"), picture, inputs, python };
}

async function findPython(): Promise<string> {
  const { VIRTUAL_ENV } = process.env;
  const pythons = [...(VIRTUAL_ENV ? [join(VIRTUAL_ENV, "bin/python")] : []), "python3", "python"];
  const find = "import importlib.util as u, sys; sys.exit(u.find_spec('tensorflow') is None)";
  for (const python of pythons) {
    const isThere = await run(python, ["-c", find]).then(
      () => true,
      () => false,
    );
    if (isThere) return python;
  }
  throw new Error(
    "this needs a Python with tensorflow, to make the model and to compare with: activate one",
  );
}
