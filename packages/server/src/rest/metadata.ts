import type { ServableRequest } from "@serving-kit/core";
import type { DType, Signature, TensorSpec } from "@serving-kit/inference";
import type { ServerCore } from "../server-core.js";

/** The names of TensorFlow's DataType enum. */
const DATA_TYPES: Record<DType, string> = {
  float32: "DT_FLOAT",
  float64: "DT_DOUBLE",
  float16: "DT_HALF",
  bfloat16: "DT_BFLOAT16",
  int4: "DT_INT4",
  int8: "DT_INT8",
  int16: "DT_INT16",
  int32: "DT_INT32",
  int64: "DT_INT64",
  uint4: "DT_UINT4",
  uint8: "DT_UINT8",
  uint16: "DT_UINT16",
  uint32: "DT_UINT32",
  uint64: "DT_UINT64",
  bool: "DT_BOOL",
  string: "DT_STRING",
  complex64: "DT_COMPLEX64",
  complex128: "DT_COMPLEX128",
  qint8: "DT_QINT8",
  quint8: "DT_QUINT8",
  qint16: "DT_QINT16",
  quint16: "DT_QUINT16",
  qint32: "DT_QINT32",
};

/**
 * The signatures of a model version as TF Serving writes them: the JSON form of its protobuf
 * messages, in which `signature_def` stands twice.
 *
 * @throws ServingError of `Manager.acquire`.
 */
export function modelMetadata(core: ServerCore, request: ServableRequest): object {
  using handle = core.acquire(request);
  const { id, servable } = handle;
  const signatures = Object.fromEntries(
    [...servable.signatures].map(([name, signature]) => [name, signatureDef(signature)]),
  );
  return {
    model_spec: { name: id.name, signature_name: "", version: String(id.version) },
    metadata: { signature_def: { signature_def: signatures } },
  };
}

function signatureDef({ inputs, outputs, methodName = "" }: Signature): object {
  return {
    inputs: tensorInfos(inputs),
    outputs: tensorInfos(outputs),
    method_name: methodName,
    defaults: {},
  };
}

function tensorInfos(specs: ReadonlyMap<string, TensorSpec>): object {
  return Object.fromEntries(
    [...specs].map(([name, { dtype, shape, nativeName }]) => [
      name,
      {
        dtype: DATA_TYPES[dtype],
        tensor_shape: {
          dim: (shape ?? []).map((size) => ({ size: String(size), name: "" })),
          unknown_rank: shape === null,
        },
        name: nativeName ?? name,
      },
    ]),
  );
}
