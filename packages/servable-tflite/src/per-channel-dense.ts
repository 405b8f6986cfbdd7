import type { FlatTable } from "./flatbuffer.js";

/** Field numbers (tensorflow/lite/schema/schema.fbs). */
const MODEL = { operatorCodes: 1, subgraphs: 2 };
const OPERATOR_CODE = { deprecatedBuiltin: 0, builtin: 3 };
const SUBGRAPH = { tensors: 0, operators: 3 };
const OPERATOR = { code: 0, inputs: 1 };
const TENSOR = { quantization: 4 };
const QUANTIZATION = { scale: 2 };

/** BuiltinOperator FULLY_CONNECTED; its second input are the weights. */
const FULLY_CONNECTED = 9;

/** The number of a BuiltinOperator. Files of before 2.4 have it in the older field, which is a byte. */
export function builtinOperatorOf(code: FlatTable): number {
  return Math.max(code.uint8(OPERATOR_CODE.deprecatedBuiltin), code.int32(OPERATOR_CODE.builtin));
}

/**
 * Tells whether a fully connected layer has weights with a scale for each channel, as converters
 * since 2.17 make them. Older runtimes take the first scale for all: they compute wrong answers and
 * report no error.
 */
export function hasPerChannelDense(model: FlatTable): boolean {
  const codes = model.tables(MODEL.operatorCodes).map(builtinOperatorOf);
  return model.tables(MODEL.subgraphs).some((subgraph) => {
    const tensors = subgraph.tables(SUBGRAPH.tensors);
    return subgraph.tables(SUBGRAPH.operators).some((operator) => {
      if (codes[operator.uint32(OPERATOR.code)] !== FULLY_CONNECTED) return false;
      const weights = tensors[operator.int32s(OPERATOR.inputs)[1] ?? -1];
      const quantization = weights?.table(TENSOR.quantization);
      return (quantization?.float32s(QUANTIZATION.scale).length ?? 0) > 1;
    });
  });
}
