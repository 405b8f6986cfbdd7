import type { Signature, TensorSpec } from "@serving-kit/inference";
import type { ServerCore } from "@serving-kit/server";
import { DATA_TYPES, readModelSpec, WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import { encodingOf, type TensorPart } from "../calls/tensor-encoding.js";
import { errors } from "../errors.js";
import { messageOfType } from "./messages.js";
import { servableRequest } from "./model-spec.js";

const SIGNATURE_DEF = "signature_def";

const response = messageOfType("GetModelMetadataResponse");
const signatureDefMap = messageOfType("SignatureDefMap");

/**
 * Handles a GetModelMetadataRequest (model_spec = 1, metadata_field = 2): returns the signatures of the requested
 * version, packed as a SignatureDefMap.
 *
 * @throws ServingError INVALID_ARGUMENT / REQUEST_UNFIT with TF Serving's text, or of `Manager.acquire`.
 */
export function grpcModelMetadata(core: ServerCore, bytes: Uint8Array): Uint8Array {
  const reader = new WireReader(bytes);
  let modelSpec: ReturnType<typeof readModelSpec> | undefined;
  let hasField = false;
  let unknown: string | undefined;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.bytes)) modelSpec = readModelSpec(reader.message());
    else if (tag === ((2 << 3) | WIRE.bytes)) {
      hasField = true;
      unknown ??= unknownField(reader.string());
    } else reader.skip(tag);
  }
  if (modelSpec === undefined) throw errors.requestUnfit("Missing ModelSpec");
  if (!hasField) {
    throw errors.requestUnfit("GetModelMetadataRequest must specify at least one metadata_field");
  }
  if (unknown !== undefined) {
    throw errors.requestUnfit(`Metadata field ${unknown} is not supported`);
  }
  const { id, signatures, uncallable } = core.describe(servableRequest(modelSpec));
  const value = signatureDefMap.encode({
    signature_def: {
      ...record(signatures, signatureDef),
      ...record(uncallable, signatureDef),
    },
  });
  const type_url = "type.googleapis.com/tensorflow.serving.SignatureDefMap";
  return response.encode({
    model_spec: { name: id.name, version: { value: String(id.version) } },
    metadata: { [SIGNATURE_DEF]: { type_url, value } },
  });
}

const unknownField = (field: string) => (field === SIGNATURE_DEF ? undefined : field);

function signatureDef(signature: Signature): object {
  const { inputs, outputs, opaqueInputs, opaqueOutputs, methodName = "" } = signature;
  return {
    inputs: { ...record(inputs, tensorInfo), ...record(opaqueInputs, opaqueInfo) },
    outputs: { ...record(outputs, tensorInfo), ...record(opaqueOutputs, opaqueInfo) },
    method_name: methodName,
  };
}

function opaqueInfo({ dataType, shape, ...tensor }: TensorPart): object {
  const encoding = encodingOf(tensor, opaqueInfo);
  return { dtype: dataType, tensor_shape: tensorShape(shape), ...encoding };
}

function tensorInfo({ dtype, shape, nativeName }: TensorSpec, name: string): object {
  return {
    name: nativeName ?? name,
    dtype: DATA_TYPES[dtype],
    tensor_shape: tensorShape(shape),
  };
}

function tensorShape(shape: readonly number[] | null): object {
  return {
    dim: (shape ?? []).map((size) => ({ size: String(size) })),
    unknown_rank: shape === null,
  };
}

function record<V>(
  map: ReadonlyMap<string, V> | undefined,
  convert: (value: V, name: string) => object,
) {
  return Object.fromEntries([...(map ?? [])].map(([name, value]) => [name, convert(value, name)]));
}
