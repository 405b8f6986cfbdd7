import { messageOf } from "@serving-kit/core";
import type { OpaqueTensor, Signature, Tensor, TensorSpec } from "@serving-kit/inference";
import { dataTypeName, dtypeOf } from "@serving-kit/tensorflow-wire";
import type { SignatureDef, TensorInfo } from "./proto/messages.js";
import { shapeOf, tensorFromProto } from "./proto/tensor-proto.js";

/** A `SignatureDef` in `Predictor`'s form. */
export interface ReadSignature {
  readonly signature: Signature;
  /** The defaults of optional inputs. */
  readonly defaults: ReadonlyMap<string, Tensor>;
  /** True if all inputs can be passed, and at least one output can be returned if there are any. */
  readonly isCallable: boolean;
}

/** Reads a `SignatureDef`. Inputs and outputs are sorted by name. */
export function readSignature(definition: SignatureDef): ReadSignature {
  const { defaults, problems } = readDefaults(definition);
  const inputs = readTensors(definition.inputs, definition.defaults, problems);
  const outputs = readTensors(definition.outputs, {}, new Map());
  const signature = {
    ...(definition.methodName && { methodName: definition.methodName }),
    ...{ inputs: inputs.specs, outputs: outputs.specs },
    ...(inputs.opaque.size > 0 && { opaqueInputs: inputs.opaque }),
    ...(outputs.opaque.size > 0 && { opaqueOutputs: outputs.opaque }),
  };
  const hasOutputs = outputs.specs.size > 0 || outputs.opaque.size === 0;
  return { signature, defaults, isCallable: inputs.opaque.size === 0 && hasOutputs };
}

function readTensors(
  infos: Readonly<Record<string, TensorInfo>>,
  optional: object,
  problems: ReadonlyMap<string, string>,
) {
  const specs = new Map<string, TensorSpec>();
  const opaque = new Map<string, OpaqueTensor>();
  for (const alias of Object.keys(infos).sort()) {
    const info = infos[alias] as TensorInfo;
    const dtype = dtypeOf(info.dtype);
    const problem = problems.get(alias) ?? problemOf(info);
    if (problem !== undefined || dtype === undefined) {
      opaque.set(alias, opaqueTensor(info, problem ?? ""));
      continue;
    }
    const shape = shapeOf(info.tensorShape);
    const isOptional = Object.hasOwn(optional, alias);
    specs.set(alias, { dtype, shape, nativeName: info.name, ...(isOptional && { isOptional }) });
  }
  return { specs, opaque };
}

function problemOf({ cooSparse, compositeTensor, dtype }: TensorInfo): string | undefined {
  if (cooSparse) return "is sparse";
  if (compositeTensor) {
    return specClassOf(compositeTensor) === "RAGGED_TENSOR_SPEC" ? "is ragged" : "is composite";
  }
  if (dtype === 0) return "is an operation, not a tensor";
  return dtypeOf(dtype) === undefined ? `is of type ${dataTypeName(dtype)}` : undefined;
}

/** `TypeSpecProto.TypeSpecClass` of tensorflow/core/protobuf/struct.proto. */
const TYPE_SPEC_CLASSES: Readonly<Record<number, string>> = {
  ...{ 1: "SPARSE_TENSOR_SPEC", 2: "INDEXED_SLICES_SPEC", 3: "RAGGED_TENSOR_SPEC" },
  ...{ 4: "TENSOR_ARRAY_SPEC", 5: "DATA_DATASET_SPEC", 6: "DATA_ITERATOR_SPEC" },
  ...{ 7: "OPTIONAL_SPEC", 8: "PER_REPLICA_SPEC", 9: "VARIABLE_SPEC", 10: "ROW_PARTITION_SPEC" },
  ...{ 12: "REGISTERED_TYPE_SPEC", 13: "EXTENSION_TYPE_SPEC" },
};

function specClassOf({ typeSpec }: NonNullable<TensorInfo["compositeTensor"]>): string {
  return TYPE_SPEC_CLASSES[typeSpec?.typeSpecClass ?? 0] ?? "UNKNOWN";
}

function opaqueTensor(info: TensorInfo, problem: string): OpaqueTensor {
  const { cooSparse, compositeTensor } = info;
  return {
    ...{ problem, ...partOf(info) },
    ...(cooSparse && {
      cooSparse: {
        values: cooSparse.valuesTensorName,
        indices: cooSparse.indicesTensorName,
        denseShape: cooSparse.denseShapeTensorName,
      },
    }),
    ...(compositeTensor && {
      composite: {
        typeSpecClass: specClassOf(compositeTensor),
        typeSpecClassName: compositeTensor.typeSpec?.typeSpecClassName ?? "",
        components: compositeTensor.components.map(partOf),
      },
    }),
  };
}

function partOf({ name, dtype, tensorShape }: TensorInfo) {
  return { dataType: dtype, shape: shapeOf(tensorShape), ...(name && { nativeName: name }) };
}

/** Returns the defaults, and the problems of those that cannot be used. */
function readDefaults({ defaults: protos }: SignatureDef) {
  const defaults = new Map<string, Tensor>();
  const problems = new Map<string, string>();
  for (const [alias, proto] of Object.entries(protos)) {
    try {
      defaults.set(alias, tensorFromProto(proto));
    } catch (error) {
      problems.set(alias, `has a default that cannot be used: ${messageOf(error)}`);
    }
  }
  return { defaults, problems };
}
