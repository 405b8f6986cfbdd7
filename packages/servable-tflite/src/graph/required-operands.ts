import { BUILTIN_OPERATORS } from "./builtin-operators.js";
import { NO_TENSOR, type Operator } from "./graph.js";

const names = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Operators whose number of operands depends on their subgraphs, their library or their custom code. */
const OPEN = names(`
  CALL CUSTOM DELEGATE WHILE STABLEHLO_WHILE STABLEHLO_CASE STABLEHLO_CUSTOM_CALL STABLEHLO_COMPOSITE
  PLACEHOLDER_FOR_GREATER_OP_CODES CALL_ONCE
`);

/** Operators by the number of inputs that they require, except those that require one. */
const INPUTS: readonly (readonly [count: number, operators: readonly string[]])[] = [
  [0, names("HASHTABLE VAR_HANDLE STABLEHLO_IOTA")],
  [
    2,
    names(`
      ADD SUB MUL DIV FLOOR_DIV FLOOR_MOD POW MAXIMUM MINIMUM SQUARED_DIFFERENCE ATAN2 BITWISE_XOR
      RIGHT_SHIFT LOGICAL_AND LOGICAL_OR LESS LESS_EQUAL GREATER GREATER_EQUAL EQUAL NOT_EQUAL
      CONV_2D DEPTHWISE_CONV_2D CONV_3D FULLY_CONNECTED BATCH_MATMUL PRELU EMBEDDING_LOOKUP
      RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR PAD MIRROR_PAD GATHER GATHER_ND TRANSPOSE TILE FILL
      BROADCAST_TO BROADCAST_ARGS EXPAND_DIMS REVERSE_V2 REVERSE_SEQUENCE SPLIT TOPK_V2 CUMSUM RFFT2D
      ARG_MAX ARG_MIN SUM MEAN REDUCE_PROD REDUCE_MAX REDUCE_MIN REDUCE_ANY REDUCE_ALL
      MATRIX_SET_DIAG SEGMENT_SUM MULTINOMIAL ASSIGN_VARIABLE DILATE
    `),
  ],
  [
    3,
    names(`
      SELECT SELECT_V2 SLICE SPLIT_V PADV2 RANGE TRANSPOSE_CONV CONV_3D_TRANSPOSE SCATTER_ND
      BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND DYNAMIC_UPDATE_SLICE HASHTABLE_FIND HASHTABLE_IMPORT
      UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM UNSORTED_SEGMENT_MIN
    `),
  ],
  [4, names("STRIDED_SLICE ONE_HOT SPARSE_TO_DENSE")],
  [5, names("NON_MAX_SUPPRESSION_V4 EMBEDDING_LOOKUP_SPARSE")],
  [6, names("NON_MAX_SUPPRESSION_V5")],
];

/** Operators by the number of outputs that they require, except those that require one. */
const OUTPUTS: typeof INPUTS = [
  [0, names("ASSIGN_VARIABLE HASHTABLE_IMPORT IF")],
  [2, names("TOPK_V2 UNIQUE NON_MAX_SUPPRESSION_V4")],
  [3, names("NON_MAX_SUPPRESSION_V5")],
];

function countsOf(table: typeof INPUTS): ReadonlyMap<string, number> {
  const counts = new Map(BUILTIN_OPERATORS.map((name) => [name, 1]));
  for (const name of OPEN) counts.set(name, 0);
  for (const [count, operators] of table) for (const name of operators) counts.set(name, count);
  return counts;
}

const inputCounts = countsOf(INPUTS);
const outputCounts = countsOf(OUTPUTS);

/**
 * Checks that an operator has all operands that its kind requires: XNNPACK reads them without checking their number,
 * and would read foreign memory. Optional operands follow after these.
 *
 * @throws RangeError with the operator.
 */
export function checkOperands({ index, name, customCode, inputs, outputs }: Operator): void {
  if (customCode !== undefined) return;
  const require = (numbers: readonly number[], count: number, what: string) => {
    const given = numbers.slice(0, count).filter((number) => number !== NO_TENSOR).length;
    if (given === count) return;
    throw new RangeError(`operator ${index} (${name}) needs ${count} ${what}, but has ${given}`);
  };
  require(inputs, inputCounts.get(name) ?? 0, "inputs");
  require(outputs, outputCounts.get(name) ?? 0, "outputs");
}
