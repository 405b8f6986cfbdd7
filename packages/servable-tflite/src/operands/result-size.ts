import { TENSOR_TYPES } from "../tensor-type.js";
import { type Finding, resultWithin } from "./checks/constraint.js";
import type { AbstractTensor } from "./values/abstract-tensor.js";
import type { OperatorView } from "./values/operator-view.js";

/** Operators whose result size depends on values, or on products of extents of several inputs. */
const SIZED: ReadonlySet<string> = new Set([
  "FILL",
  "RANGE",
  "BROADCAST_TO",
  "ONE_HOT",
  "RESIZE_BILINEAR",
  "RESIZE_NEAREST_NEIGHBOR",
  "TILE",
  "PAD",
  "PADV2",
  "MIRROR_PAD",
  "SCATTER_ND",
  "SPARSE_TO_DENSE",
  "TRANSPOSE_CONV",
  "CONV_3D_TRANSPOSE",
  "RANDOM_UNIFORM",
  "RANDOM_STANDARD_NORMAL",
  "MULTINOMIAL",
  "NON_MAX_SUPPRESSION_V4",
  "NON_MAX_SUPPRESSION_V5",
  "UNSORTED_SEGMENT_SUM",
  "UNSORTED_SEGMENT_PROD",
  "UNSORTED_SEGMENT_MAX",
  "UNSORTED_SEGMENT_MIN",
  "RFFT2D",
  "DILATE",
  "SPACE_TO_BATCH_ND",
  "BATCH_MATMUL",
  "MATRIX_DIAG",
  "ADD",
  "SUB",
  "MUL",
  "DIV",
  "POW",
  "MAXIMUM",
  "MINIMUM",
  "SQUARED_DIFFERENCE",
  "SELECT_V2",
  "GATHER",
]);

export const isSized = (name: string): boolean => SIZED.has(name);

/** Requires a result of at most `maxBytes`, unless it has the shape of an operand. */
export function checkResultSize(
  op: OperatorView,
  result: AbstractTensor | undefined,
  maxBytes: number,
): Finding | undefined {
  if (result === undefined || !isSized(op.name)) return undefined;
  const { shape } = result;
  const isLikeOperand = op.inputs.some(
    (input) =>
      shape !== undefined &&
      input?.shape?.length === shape.length &&
      input.shape.every((extent, i) => extent === shape[i]),
  );
  if (isLikeOperand) return undefined;
  const bits = TENSOR_TYPES.find(({ name }) => name === result.type)?.bits ?? 32;
  return resultWithin(shape, bits / 8, maxBytes, result.isShapeExact);
}
