import type { ServableRequest } from "@serving-kit/core";
import { JsonWriter, writeFloat32 } from "@serving-kit/tensor-json";
import { regress } from "../calls/regress.js";
import type { CallContext, ServerCore } from "../server-core.js";
import { decodeExamples } from "./decode-examples.js";

/**
 * Answers a regress request: `{"results":[value,…]}`, one for each example.
 *
 * @throws ServingError of reading and regressing, with TF Serving's texts.
 */
export async function restRegress(
  core: ServerCore,
  request: ServableRequest,
  body: Uint8Array,
  context: CallContext,
): Promise<Buffer> {
  const { values } = await regress(core, request, decodeExamples(body), context);
  const writer = new JsonWriter(32 + values.length * 16);
  writer.raw('{"results":[');
  for (let i = 0; i < values.length; i++) {
    if (i > 0) writer.raw(",");
    writer.at = writeFloat32(writer.out, writer.at, values[i] as number);
  }
  writer.raw("]}");
  return writer.finish();
}
