import { DEFAULT_SIGNATURE, type Tensor, type Tensors } from "@serving-kit/inference";

/**
 * Writes tensors as the body of a predict request of TF Serving's REST API.
 *
 * - Rows (`instances`), if all inputs have the same size in dimension 0. A single input is written as its values,
 *   several inputs as objects by name.
 * - Columns (`inputs`) otherwise.
 * - Strings are JSON strings if they are valid UTF-8, otherwise `{"b64": …}`. NaN and infinities are written as Python
 *   reads them.
 */
export function bodyOf(inputs: Tensors, signature: string): Buffer {
  const names = Object.keys(inputs);
  const values = names.map((name) => valuesOf(inputs[name] as Tensor));
  const named =
    signature === DEFAULT_SIGNATURE ? "" : `"signature_name":${JSON.stringify(signature)},`;
  const isOne = names.length === 1;
  if (!haveSameRows(Object.values(inputs))) {
    const columns = isOne
      ? values[0]?.all()
      : object(
          names,
          values.map((value) => value.all()),
        );
    return Buffer.from(`{${named}"inputs":${columns}}`);
  }
  const count = inputs[names[0] as string]?.shape[0] ?? 0;
  const rows = Array.from({ length: count }, (_, i) => {
    const row = values.map((value) => value.row(i));
    return isOne ? row[0] : object(names, row);
  });
  return Buffer.from(`{${named}"instances":[${rows.join(",")}]}`);
}

const object = (names: readonly string[], values: readonly string[]): string =>
  `{${names.map((name, i) => `${JSON.stringify(name)}:${values[i]}`).join(",")}}`;

function haveSameRows(tensors: readonly Tensor[]): boolean {
  const rows = tensors[0]?.shape[0];
  return rows !== undefined && tensors.every(({ shape }) => shape[0] === rows);
}

interface Values {
  all(): string;
  row(index: number): string;
}

function valuesOf({ dtype, shape, data }: Tensor): Values {
  const write = writerOf(dtype);
  const element = (index: number) => write(data as ArrayLike<unknown>, index);
  const nested = (dimension: number, start: number, size: number): string => {
    if (dimension === shape.length) return element(start);
    const extent = shape[dimension] as number;
    const step = extent === 0 ? 0 : size / extent;
    const parts = Array.from({ length: extent }, (_, i) =>
      nested(dimension + 1, start + i * step, step),
    );
    return `[${parts.join(",")}]`;
  };
  const count = shape.reduce((product, extent) => product * extent, 1);
  const perRow = count / (shape[0] || 1);
  return { all: () => nested(0, 0, count), row: (index) => nested(1, index * perRow, perRow) };
}

type Write = (data: ArrayLike<unknown>, index: number) => string;

function writerOf(dtype: Tensor["dtype"]): Write {
  switch (dtype) {
    case "string":
      return (data, i) => writeString(data[i] as Uint8Array);
    case "bool":
      return (data, i) => (data[i] ? "true" : "false");
    case "float16":
      return (data, i) => writeNumber(float16(data[i] as number));
    case "bfloat16":
      return (data, i) => writeNumber(bfloat16(data[i] as number));
    case "float32":
      return (data, i) => writeFloat(data[i] as number);
    case "float64":
      return (data, i) => writeFloat(data[i] as number);
    case "complex64":
    case "complex128":
      return (data, i) =>
        `[${writeNumber(data[2 * i] as number)},${writeNumber(data[2 * i + 1] as number)}]`;
    default:
      return (data, i) => String(data[i]);
  }
}

/** Python distinguishes a float from an integer by its text. */
function writeFloat(value: number): string {
  const text = writeNumber(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function writeNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0.0" : String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function writeString(bytes: Uint8Array): string {
  try {
    return JSON.stringify(decoder.decode(bytes));
  } catch {
    return `{"b64":"${Buffer.from(bytes).toString("base64")}"}`;
  }
}

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

function bfloat16(value: number): number {
  bits[0] = value << 16;
  return floats[0] as number;
}

function float16(value: number): number {
  const sign = value & 0x8000 ? -1 : 1;
  const exponent = (value >> 10) & 0x1f;
  const fraction = value & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
