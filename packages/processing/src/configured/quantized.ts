import { NUMERIC_DTYPES, type Tensor, type TensorSpec } from "@serving-kit/inference";

/** Real numbers as the integers of a quantized input: `real / scale + zeroPoint`, rounded, within the dtype. */
export function quantized(
  { shape, data }: Tensor<"float32">,
  { dtype, quantization }: TensorSpec,
): Tensor {
  const [scale = 1] = quantization?.scale ?? [];
  const [zero = 0] = quantization?.zeroPoint ?? [];
  const [low, high] = dtype === "int8" ? [-128, 127] : [0, 255];
  const integers = new NUMERIC_DTYPES[dtype as "int8" | "uint8"].array(data.length);
  for (let i = 0; i < data.length; i++) {
    const integer = Math.round((data[i] as number) / scale) + zero;
    integers[i] = Math.max(low, Math.min(high, integer));
  }
  return { dtype, shape, data: integers };
}
