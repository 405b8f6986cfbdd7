import type { ServableId } from "@serving-kit/core";
import {
  type MemoryAllowance,
  OBJECT_BYTES,
  type Tensor,
  type Tensors,
} from "@serving-kit/inference";
import {
  BackwardWriter,
  encodeTensor,
  type ModelSpec,
  readModelSpec,
  WIRE,
  WireReader,
  writeModelSpec,
} from "@serving-kit/tensorflow-wire";

/** A PredictRequest whose tensors are still encoded, because decoding needs the model's signature. */
export interface PredictRequest {
  readonly modelSpec: ModelSpec | undefined;
  /** A reader of each TensorProto, by the input's name. */
  readonly inputs: ReadonlyMap<string, WireReader>;
  readonly outputFilter: readonly string[];
}

/**
 * Reads `tensorflow.serving.PredictRequest`: model_spec = 1, inputs = 2, output_filter = 3.
 *
 * @throws ServingError INVALID_ARGUMENT / MESSAGE_INVALID, and errors of the allowance.
 */
export function readPredictRequest(bytes: Uint8Array, allowance: MemoryAllowance): PredictRequest {
  const reader = new WireReader(bytes);
  let modelSpec: ModelSpec | undefined;
  const inputs = new Map<string, WireReader>();
  const outputFilter: string[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    switch (tag) {
      case (1 << 3) | WIRE.bytes:
        modelSpec = readModelSpec(reader.message());
        break;
      case (2 << 3) | WIRE.bytes:
        allowance.take(OBJECT_BYTES.entry);
        readInput(reader.message(), inputs);
        break;
      case (3 << 3) | WIRE.bytes:
        allowance.take(OBJECT_BYTES.text);
        outputFilter.push(reader.string());
        break;
      default:
        reader.skip(tag);
    }
  }
  return { modelSpec, inputs, outputFilter };
}

/** Reads an entry of the map `inputs`: key = 1, value = 2. */
function readInput(reader: WireReader, inputs: Map<string, WireReader>): void {
  let name = "";
  let tensor = new WireReader(new Uint8Array(0));
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.bytes)) name = reader.string();
    else if (tag === ((2 << 3) | WIRE.bytes)) tensor = reader.message();
    else reader.skip(tag);
  }
  inputs.set(name, tensor);
}

/** The content of a PredictResponse. */
export interface PredictResponse {
  readonly id: ServableId;
  readonly signature: string;
  readonly outputs: Tensors;
}

/**
 * Writes `tensorflow.serving.PredictResponse`: outputs = 1, model_spec = 2.
 *
 * @param asContent Whether values are written to `tensor_content` instead of the typed fields.
 * @throws ServingError INTERNAL / OUTPUT_INVALID for a tensor whose elements do not fill its shape.
 */
export function writePredictResponse(
  { id, signature, outputs }: PredictResponse,
  asContent: boolean,
): Buffer {
  const names = Object.keys(outputs);
  let capacity = 256;
  for (const name of names) {
    const { data } = outputs[name] as Tensor;
    capacity += 64 + name.length + ("byteLength" in data ? data.byteLength : 0);
  }
  const writer = new BackwardWriter(capacity);
  writeModelSpec(writer, 2, id, signature);
  for (let i = names.length - 1; i >= 0; i--) {
    const name = names[i] as string;
    const end = writer.length;
    encodeTensor(writer, name, outputs[name] as Tensor, asContent);
    writer.prefix(2, end);
    writer.stringField(1, name);
    writer.prefix(1, end);
  }
  return writer.finish();
}
