import { readFile } from "node:fs/promises";
import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";
import { readPackedFile } from "./packed-file.js";

/** The source of labels: a file with one label per line, or such a file in the metadata of a `.tflite` model. */
export type LabelSource =
  | { readonly file: string | URL }
  /** `name` is required if the model has several text files, such as `labels_en.txt`. */
  | { readonly tflite: string | URL; readonly name?: string | undefined };

/**
 * Reads the names of a model's classes, one per line. A final empty line is ignored.
 *
 * @throws ServingError FAILED_PRECONDITION / LABELS_UNREADABLE.
 */
export async function labels(source: LabelSource): Promise<readonly string[]> {
  const path = "file" in source ? source.file : source.tflite;
  let text: string;
  try {
    const bytes = await readFile(path);
    text = "file" in source ? bytes.toString() : await readPackedFile(bytes, source.name);
  } catch (error) {
    throw errors.labelsUnreadable(String(path), messageOf(error), error);
  }
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw errors.labelsUnreadable(String(path), "it is empty");
  return lines;
}
