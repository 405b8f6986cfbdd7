import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Tensors, tensor } from "@serving-kit/inference";
import { findPython, pythonModel } from "./python-model.js";

/** A ResNet50-shaped SavedModel, 100 MB, with JPEG bytes for it. */
export interface Resnet50 {
  readonly path: string;
  readonly picture: string;
  readonly inputs: Tensors;
  /** A Python that has TensorFlow. */
  readonly python: string;
}

/** Creates the model with Python's TensorFlow if it is missing. Throws without TensorFlow. */
export async function resnet50(): Promise<Resnet50> {
  const folder = await pythonModel("resnet50");
  const picture = join(folder, "picture.jpg");
  const inputs = { image_bytes: tensor("string", [1], [await readFile(picture)]) };
  return { path: join(folder, "1"), picture, inputs, python: await findPython() };
}
