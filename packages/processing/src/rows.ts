import { inferenceErrors, type Tensor, tensor } from "@serving-kit/inference";

/** The elements of a tensor as rows. A row spans the last dimension. */
export interface Rows {
  readonly rows: number;
  readonly width: number;
  /** Real numbers. */
  readonly data: ArrayLike<number>;
}

/** The quantization of integers that represent real numbers: `(q - zeroPoint) * scale`. */
export interface Scale {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
}

/** Returns the rows of a numeric tensor, dequantized if it is quantized. */
export function rowsOfScores(name: string, scores: Tensor, quantization?: Scale): Rows {
  const { dtype, shape, data } = scores;
  const isNumbers = /^(float32|float64|u?int(8|16|32))$/.test(dtype);
  if (!isNumbers || shape.length === 0) {
    throw inferenceErrors.dtypeMismatch(name, "numbers in rows", `${dtype} [${shape}]`);
  }
  const width = shape.at(-1) ?? 0;
  const rows = width === 0 ? 0 : data.length / width;
  const numbers = data as ArrayLike<number>;
  return { rows, width, data: quantization ? dequantized(numbers, quantization) : numbers };
}

/** Dequantizes a tensor. If it is not quantized, it is returned unchanged. */
export function realTensor(name: string, given: Tensor, quantization?: Scale): Tensor {
  if (quantization === undefined) return given;
  const { data } = rowsOfScores(name, given, quantization);
  return tensor("float32", given.shape, data as Float32Array);
}

function dequantized(data: ArrayLike<number>, { scale, zeroPoint }: Scale): Float32Array {
  const [step = 1] = scale;
  const [zero = 0] = zeroPoint;
  return Float32Array.from(data, (value) => (value - zero) * step);
}
