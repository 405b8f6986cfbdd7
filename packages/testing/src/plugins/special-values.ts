import { type DType, NUMERIC_DTYPES, type Tensor, tensor } from "@serving-kit/inference";

const utf8 = ["", "half", "ü 漢 🙂", '"\\\n\u0000'];

/**
 * Returns values of a dtype that are easily corrupted: extremes, zeros of either sign, values that JSON numbers cannot
 * hold.
 */
export function specialValues(dtype: DType, transport: "HTTP" | "gRPC"): Tensor {
  if (dtype === "string") {
    const bytes = utf8.map((text) => new TextEncoder().encode(text));
    // Not every text format supports bytes that are not text.
    if (transport === "gRPC") bytes.push(Uint8Array.of(0xff, 0, 0x80));
    return tensor("string", [bytes.length], bytes);
  }
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  const data = new array(valuesOf(dtype).length);
  for (const [i, value] of valuesOf(dtype).entries()) (data as Float64Array)[i] = value as number;
  return tensor(dtype, [data.length / entriesPerElement], data as never);
}

function valuesOf(dtype: DType): readonly (number | bigint)[] {
  switch (dtype) {
    case "bool":
      return [0, 1, 1, 0];
    case "int64":
      return [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n];
    case "uint64":
      return [0n, 1n, 2n ** 64n - 1n, 2n ** 53n + 1n];
    case "float32":
    case "complex64":
      return [-0, 0, 1e-45, 3.4028234663852886e38, Infinity, -Infinity, Math.fround(0.1), -1.5];
    case "float64":
    case "complex128":
      return [-0, 0, 5e-324, Number.MAX_VALUE, Infinity, -Infinity, 0.1, 1 / 3];
    case "float16":
    case "bfloat16":
      return [0, 0x3c00, 0x8000, 0x7c00];
    case "int4":
      return [0, -8, 7];
    case "uint4":
      return [0, 15, 8];
  }
  const bits = NUMERIC_DTYPES[dtype as "int8"].array.BYTES_PER_ELEMENT * 8;
  if (dtype.startsWith("uint") || dtype.startsWith("quint")) return [0, 1, 2 ** bits - 1];
  return [0, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))];
}
