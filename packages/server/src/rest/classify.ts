import type { ServableRequest } from "@serving-kit/core";
import { JsonWriter, writeFloat32 } from "@serving-kit/tensor-json";
import { classify } from "../calls/classify.js";
import type { CallContext, ServerCore } from "../server-core.js";
import { decodeExamples } from "./decode-examples.js";

const NO_LABEL = new Uint8Array(0);

/**
 * Answers a classify request: `{"results":[[["label",score],…],…]}`, one list for each example.
 *
 * @throws ServingError of reading and classifying, with TF Serving's texts.
 */
export async function restClassify(
  core: ServerCore,
  request: ServableRequest,
  body: Uint8Array,
  context: CallContext,
): Promise<Buffer> {
  const call = decodeExamples(body);
  const { classes, scores, shape } = await classify(core, request, call, context);
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
