import type { ServableId } from "@serving-kit/core";
import { DEFAULT_SIGNATURE, type Tensor } from "@serving-kit/inference";
import type { PredictCall } from "@serving-kit/server";
import { BackwardWriter, encodeTensor, writeModelSpec } from "@serving-kit/tensorflow-wire";

/** The field of `PredictionLog` for the requests of each API. */
const LOG_FIELDS: ReadonlyMap<string, number> = new Map([
  ["Predict", 6],
  ["Classify", 2],
  ["Regress", 3],
]);
const METADATA_FIELD = 1;

/** Returns whether a PredictionLog can represent the call: only TF Serving's APIs have a field. */
export function isLoggable(api: string, call: PredictCall): boolean {
  if (call.body !== undefined) return false; // it has no tensors
  return LOG_FIELDS.has(api) && (api === "Predict" || examplesOf(call) !== undefined);
}

/** Returns the serialized tf.Examples of a Classify or Regress, which are its input `inputs`. */
export function examplesOf({ inputs: { inputs } }: PredictCall): Tensor<"string"> | undefined {
  return inputs?.dtype === "string" ? (inputs as Tensor<"string">) : undefined;
}

/**
 * Writes a call as `tensorflow.serving.PredictionLog` (apis/prediction_log.proto): log_metadata = 1 with model_spec =
 * 1 and sampling_config = 2, and the log of the API with its request = 1, without a response. The call must be
 * loggable: see `isLoggable`.
 *
 * Copies everything: the memory of the call is not used after the function returns.
 *
 * @throws ServingError INTERNAL / OUTPUT_INVALID for a tensor whose elements do not fill its shape.
 */
export function writePredictionLog(
  api: string,
  id: ServableId,
  call: PredictCall,
  samplingRate: number,
): Buffer {
  const signature = call.signature || DEFAULT_SIGNATURE;
  const writer = new BackwardWriter(256 + byteLength(call));
  const end = writer.length;
  if (api === "Predict") writePredictRequest(writer, id, signature, call);
  else writeExamplesRequest(writer, id, signature, examplesOf(call)?.data ?? []);
  writer.prefix(1, end);
  writer.prefix(LOG_FIELDS.get(api) as number, end);

  const metadata = writer.length;
  const rate = Buffer.alloc(9);
  rate[0] = (1 << 3) | 1;
  rate.writeDoubleLE(samplingRate, 1);
  writer.bytesField(2, rate);
  writeModelSpec(writer, 1, id, signature);
  writer.prefix(METADATA_FIELD, metadata);
  return writer.finish();
}

/** PredictRequest: model_spec = 1, inputs = 2, output_filter = 3. */
function writePredictRequest(
  writer: BackwardWriter,
  id: ServableId,
  signature: string,
  { inputs, outputs = [] }: PredictCall,
): void {
  for (const name of [...outputs].reverse()) writer.stringField(3, name);
  for (const [name, tensor] of Object.entries(inputs).reverse()) {
    const end = writer.length;
    encodeTensor(writer, name, tensor, tensor.dtype !== "string");
    writer.prefix(2, end);
    writer.stringField(1, name);
    writer.prefix(2, end);
  }
  writeModelSpec(writer, 1, id, signature);
}

/** ClassificationRequest and RegressionRequest: model_spec = 1, input = 2 with example_list = 1. */
function writeExamplesRequest(
  writer: BackwardWriter,
  id: ServableId,
  signature: string,
  examples: readonly Uint8Array[],
): void {
  const end = writer.length;
  for (const example of [...examples].reverse()) writer.bytesField(1, example);
  writer.prefix(1, end);
  writer.prefix(2, end);
  writeModelSpec(writer, 1, id, signature);
}

function byteLength({ inputs }: PredictCall): number {
  let bytes = 0;
  for (const { data } of Object.values(inputs)) {
    if ("byteLength" in data) bytes += 64 + data.byteLength;
    else for (const { length } of data) bytes += 8 + length;
  }
  return bytes;
}
