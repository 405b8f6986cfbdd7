import { messageOf } from "@serving-kit/core";
import { WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import { readFlexBuffer } from "./flexbuffer.js";
import type { Graph } from "./graph/graph.js";

const METADATA_NAME = "signature_defs_metadata";

/** A `SignatureDef` message: a map from names to tensors, which it refers to by name. */
export interface MetadataSignature {
  readonly key: string;
  readonly methodName: string;
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Reads the SignatureDefs that tools put into the metadata of a `.tflite` file, because the format had no signatures
 * (tensorflow/lite/tools/signature/signature_def_util.cc): a FlexBuffer map from signature names to serialized
 * `SignatureDef` messages.
 *
 * @throws RangeError if the metadata is not such a map.
 */
export function metadataSignatures({ metadata }: Graph): readonly MetadataSignature[] {
  const bytes = metadata.get(METADATA_NAME);
  if (bytes === undefined) return [];
  const signatures = readFlexBuffer(bytes);
  if (!(signatures instanceof Map)) throw new RangeError(`${METADATA_NAME} is not a map`);
  return [...signatures].map(([key, message]) => {
    if (!(message instanceof Uint8Array)) {
      throw new RangeError(`${METADATA_NAME} has no SignatureDef for "${key}"`);
    }
    try {
      return { key, ...readSignatureDef(new WireReader(message)) };
    } catch (error) {
      throw new RangeError(`SignatureDef "${key}": ${messageOf(error)}`, { cause: error });
    }
  });
}

/** Fields of SignatureDef (tensorflow/core/protobuf/meta_graph.proto) as tags. */
const SIGNATURE_DEF = {
  inputs: (1 << 3) | WIRE.bytes,
  outputs: (2 << 3) | WIRE.bytes,
  methodName: (3 << 3) | WIRE.bytes,
};
/** Fields of an entry of its maps. */
const ENTRY = { key: (1 << 3) | WIRE.bytes, value: (2 << 3) | WIRE.bytes };
const TENSOR_INFO_NAME = (1 << 3) | WIRE.bytes;

function readSignatureDef(reader: WireReader): Omit<MetadataSignature, "key"> {
  const inputs = new Map<string, string>();
  const outputs = new Map<string, string>();
  let methodName = "";
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === SIGNATURE_DEF.inputs) inputs.set(...readEntry(reader.message()));
    else if (tag === SIGNATURE_DEF.outputs) outputs.set(...readEntry(reader.message()));
    else if (tag === SIGNATURE_DEF.methodName) methodName = reader.string();
    else reader.skip(tag);
  }
  return { methodName, inputs, outputs };
}

/** Returns the name of a tensor in the signature and its name in the graph. */
function readEntry(reader: WireReader): [string, string] {
  let [name, tensorName] = ["", ""];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ENTRY.key) name = reader.string();
    else if (tag === ENTRY.value) tensorName = readTensorInfo(reader.message());
    else reader.skip(tag);
  }
  return [name, tensorName];
}

function readTensorInfo(reader: WireReader): string {
  let name = "";
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === TENSOR_INFO_NAME) name = reader.string();
    else reader.skip(tag);
  }
  return name;
}
