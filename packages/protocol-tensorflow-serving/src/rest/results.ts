import { JsonWriter, writeFloat32 } from "@serving-kit/tensor-json";
import type { Classifications } from "../calls/classify.js";
import type { Regressions } from "../calls/regress.js";

const NO_LABEL = new Uint8Array(0);

/** Writes the response to a classify request: `{"results":[[["label",score],…],…]}`, one list for each example. */
export function writeClassifications({ classes, scores, shape }: Classifications): Buffer {
  const [count, width] = shape;
  const labels = classes?.data ?? [];
  const labelBytes = labels.reduce((sum, { length }) => sum + 6 * length, 0);
  const writer = new JsonWriter(32 + labelBytes + count * 3 + count * width * 24);
  writer.raw('{"results":[');
  for (let row = 0; row < count; row++) {
    writer.raw(row === 0 ? "[" : ",[");
    for (let i = row * width; i < (row + 1) * width; i++) {
      writer.raw(i === row * width ? "[" : ",[");
      writer.string(labels[i] ?? NO_LABEL);
      writer.raw(",");
      writer.at = writeFloat32(writer.out, writer.at, scores?.data[i] ?? 0);
      writer.raw("]");
    }
    writer.raw("]");
  }
  writer.raw("]}");
  return writer.finish();
}

/** Writes the response to a regress request: `{"results":[value,…]}`, one value for each example. */
export function writeRegressions({ values }: Regressions): Buffer {
  const writer = new JsonWriter(32 + values.length * 16);
  writer.raw('{"results":[');
  for (let i = 0; i < values.length; i++) {
    if (i > 0) writer.raw(",");
    writer.at = writeFloat32(writer.out, writer.at, values[i] as number);
  }
  writer.raw("]}");
  return writer.finish();
}
