import type { ServableRequest } from "@serving-kit/core";
import type { OpaqueTensor, Signature, TensorSpec } from "@serving-kit/inference";
import type { ServerCore } from "@serving-kit/server";
import { DATA_TYPE_NAMES, dataTypeText } from "@serving-kit/tensorflow-wire";
import { encodingOf, type TensorPart } from "../calls/tensor-encoding.js";

/**
 * Returns the signatures of a model version in TF Serving's form: the JSON form of its protobuf messages, in which
 * `signature_def` occurs twice. For a model with variables it also has `state`, which TF Serving does not have.
 *
 * @throws ServingError of `Manager.acquire`.
 */
export function modelMetadata(core: ServerCore, request: ServableRequest): object {
  const { id, signatures: callable, uncallable = [], state } = core.describe(request);
  const signatures = Object.fromEntries(
    [...callable, ...uncallable].map(([name, signature]) => [name, signatureDef(signature)]),
  );
  return {
    model_spec: { name: id.name, signature_name: "", version: String(id.version) },
    metadata: {
      signature_def: { signature_def: signatures },
      ...(state && { state }),
    },
  };
}

function signatureDef(signature: Signature): object {
  const { inputs, outputs, opaqueInputs, opaqueOutputs, methodName = "" } = signature;
  return {
    inputs: { ...tensorInfos(inputs), ...opaqueInfos(opaqueInputs) },
    outputs: { ...tensorInfos(outputs), ...opaqueInfos(opaqueOutputs) },
    method_name: methodName,
    defaults: {},
  };
}

function tensorInfos(specs: ReadonlyMap<string, TensorSpec>): object {
  return Object.fromEntries(
    [...specs].map(([name, { dtype, shape, nativeName }]) => [
      name,
      { dtype: DATA_TYPE_NAMES[dtype], tensor_shape: tensorShape(shape), name: nativeName ?? name },
    ]),
  );
}

function opaqueInfos(tensors: ReadonlyMap<string, OpaqueTensor> = new Map()): object {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, opaqueInfo(tensor)]));
}

function opaqueInfo({ dataType, shape, ...tensor }: TensorPart): object {
  return {
    dtype: dataTypeText(dataType),
    tensor_shape: tensorShape(shape),
    ...encodingOf(tensor, opaqueInfo),
  };
}

function tensorShape(shape: readonly number[] | null): object {
  return {
    dim: (shape ?? []).map((size) => ({ size: String(size), name: "" })),
    unknown_rank: shape === null,
  };
}
