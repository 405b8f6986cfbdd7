import {
  NUMERIC_DTYPES,
  type NumericDType,
  type Quantization,
  type Tensor,
  type TensorSpec,
} from "@serving-kit/inference";

/** The integer ranges of quantized tensors. */
const RANGES: Partial<Record<NumericDType, readonly [number, number]>> = {
  int4: [-8, 7],
  uint4: [0, 15],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-2_147_483_648, 2_147_483_647],
};

/** Returns whether a tensor has quantized integers. */
export function isQuantized(
  spec: TensorSpec,
): spec is TensorSpec & { dtype: NumericDType; quantization: Quantization } {
  return spec.quantization !== undefined && Object.hasOwn(RANGES, spec.dtype);
}

/** Returns the float32 spec of a quantized tensor. */
export function toFloatSpec(spec: TensorSpec): TensorSpec {
  if (!isQuantized(spec)) return spec;
  const { quantization, ...others } = spec;
  return { ...others, dtype: "float32" };
}

/**
 * Quantizes like TensorFlow Lite's QUANTIZE: `q = round(real / scale) + zeroPoint` in float32, halves away from zero,
 * clamped to the integer range. NaN becomes the zero point.
 */
export function quantize(real: Tensor<"float32">, spec: TensorSpec): Tensor {
  if (!isQuantized(spec)) return real;
  const { dtype, quantization } = spec;
  const [lowest, highest] = RANGES[dtype] as readonly [number, number];
  const data = new NUMERIC_DTYPES[dtype].array(real.data.length);
  forEachSlice(real.shape, quantization, (from, to, scale, zeroPoint) => {
    for (let i = from; i < to; i++) {
      const steps = Math.fround((real.data[i] as number) / scale);
      const rounded = Math.trunc(steps + (steps < 0 ? -0.5 : 0.5)) || 0;
      data[i] = Math.min(Math.max(rounded + zeroPoint, lowest), highest);
    }
  });
  return { dtype, shape: real.shape, data } as Tensor;
}

/** Returns the real numbers of quantized integers: `real = (q - zeroPoint) * scale`. */
export function dequantize(quantized: Tensor, spec: TensorSpec): Tensor {
  if (!isQuantized(spec)) return quantized;
  const integers = quantized.data as Int8Array;
  const data = new Float32Array(integers.length);
  forEachSlice(quantized.shape, spec.quantization, (from, to, scale, zeroPoint) => {
    for (let i = from; i < to; i++) data[i] = ((integers[i] as number) - zeroPoint) * scale;
  });
  return { dtype: "float32", shape: quantized.shape, data };
}

/** Iterates over the runs of elements that share a scale: the whole tensor, or slices along a dimension. */
function forEachSlice(
  shape: readonly number[],
  { scale, zeroPoint, dimension = 0 }: Quantization,
  visit: (from: number, to: number, scale: number, zeroPoint: number) => void,
): void {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const isWhole = scale.length === 1;
  const width = isWhole ? count : shape.slice(dimension + 1).reduce((a, b) => a * b, 1);
  for (let from = 0, slice = 0; from < count; from += width, slice++) {
    const channel = isWhole ? 0 : slice % scale.length;
    visit(from, from + width, scale[channel] as number, zeroPoint[channel] as number);
  }
}
