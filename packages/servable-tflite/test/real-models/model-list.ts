import { readFileSync } from "node:fs";

/** A file of models.json. Exactly one of `pypi`, `npm`, `script`, `file` and `supplied` says where it is from. */
export interface ListedModel {
  readonly name: string;
  readonly sha256: string;
  readonly pypi?: string;
  readonly npm?: string;
  readonly script?: string;
  readonly file?: string;
  readonly supplied?: true;
}

/** Every file of the list. */
export function listedModels(): ListedModel[] {
  return JSON.parse(readFileSync(new URL("./models.json", import.meta.url), "utf8"));
}

/** The row of the table that a file counts in: its package, or the quantization of a converted one. */
export function groupOf({ name, pypi, npm, script, file }: ListedModel): string {
  if (pypi !== undefined) return pypi;
  if (npm !== undefined) return "@mediapipe (npm)";
  if (script === undefined) return file === undefined ? "supplied" : "committed";
  const [, quantization = "float"] =
    /_(f32|f16|dyn|int8f|int8|int8t|uint8|i16x8)$/.exec(name) ?? [];
  return `converted, ${quantization}`;
}
