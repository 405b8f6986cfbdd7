import assert from "node:assert/strict";
import {
  elementCount,
  NUMERIC_DTYPES,
  type Signature,
  shapeFits,
  type Tensor,
  type TensorData,
  type Tensors,
} from "@serving-kit/inference";

/** The default tolerance of floating-point numbers, if an example sets none. */
export const DEFAULT_TOLERANCE = 1e-5;

/**
 * Asserts that outputs equal the expected ones: the same names, dtypes, shapes and elements. Floating-point numbers may
 * differ by `tolerance * max(1, |expected|)`.
 */
export function assertOutputs(
  actual: Tensors,
  expected: Tensors,
  tolerance: number,
  what: string,
): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), `${what}: outputs`);
  for (const [name, tensor] of Object.entries(expected)) {
    assertTensor(actual[name] as Tensor, tensor, tolerance, `${what}: output "${name}"`);
  }
}

function assertTensor(actual: Tensor, expected: Tensor, tolerance: number, what: string): void {
  assert.equal(actual.dtype, expected.dtype, `${what}: dtype`);
  assert.deepEqual([...actual.shape], [...expected.shape], `${what}: shape`);
  assert.equal(actual.data.length, expected.data.length, `${what}: number of entries`);
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [actual.data[i], expected.data[i]];
    assert.ok(
      isNear(a, e, expected.dtype, tolerance),
      `${what}: entry ${i}: expected ${e}; got ${a}`,
    );
  }
}

const FLOATS = new Set(["float32", "float64", "complex64", "complex128"]);

function isNear(a: unknown, e: unknown, dtype: string, tolerance: number): boolean {
  if (e instanceof Uint8Array) return a instanceof Uint8Array && Buffer.compare(a, e) === 0;
  if (Object.is(a, e) || a === e) return true;
  if (typeof a !== "number" || typeof e !== "number" || !FLOATS.has(dtype)) return false;
  return Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(e));
}

/**
 * Asserts that outputs are the requested ones. Each must have the dtype of the signature and as many elements as its
 * own shape has; with `checksShapes`, also the shape of the signature.
 */
export function assertFitSignature(
  outputs: Tensors,
  signature: Signature,
  asked: readonly string[],
  what: string,
): void {
  assert.deepEqual(Object.keys(outputs).sort(), [...asked].sort(), `${what}: outputs`);
  for (const [name, { dtype, shape, data }] of Object.entries(outputs)) {
    const spec = signature.outputs.get(name);
    assert.equal(dtype, spec?.dtype, `${what}: dtype of output "${name}"`);
    const fits = !signature.checksShapes || !spec?.shape || shapeFits(spec.shape, shape);
    assert.ok(fits, `${what}: output "${name}" must fit [${spec?.shape}]; got [${shape}]`);
    if (dtype === "string") {
      assert.ok(Array.isArray(data), `${what}: output "${name}" must have an array of bytes`);
      assert.equal(data.length, elementCount(shape), `${what}: entries of output "${name}"`);
    } else {
      const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
      assert.ok(data instanceof array, `${what}: output "${name}" must have a ${array.name}`);
      const count = elementCount(shape) * entriesPerElement;
      assert.equal(data.length, count, `${what}: entries of output "${name}"`);
    }
  }
}

/** Returns a copy that shares no memory. */
export function copyOf(tensors: Tensors): Tensors {
  return mapTensors(tensors, ({ dtype, shape, data }) => ({
    dtype,
    shape: [...shape],
    // `slice` of a Buffer shares its memory.
    data: Array.isArray(data)
      ? data.map((bytes: Uint8Array) => Uint8Array.from(bytes))
      : data.slice(),
  }));
}

/** Overwrites the data of tensors, as a caller may do with its own memory. */
export function overwrite(tensors: Tensors): void {
  for (const { data } of Object.values(tensors)) {
    if (Array.isArray(data)) for (const bytes of data as Uint8Array[]) bytes.fill(0x21);
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(1n);
    else (data as Uint8Array).fill(1);
  }
}

/** Returns the number of rows if all tensors have the same size in dimension 0; otherwise undefined. */
export function rowCount(tensors: Tensors): number | undefined {
  const counts = new Set(Object.values(tensors).map(({ shape }) => shape[0]));
  const [count] = counts;
  return counts.size === 1 ? count : undefined;
}

/** Returns the tensors of one row, keeping dimension 0 with size 1. */
export function rowOf(tensors: Tensors, row: number): Tensors {
  return mapTensors(tensors, ({ dtype, shape, data }) => {
    const width = shape[0] ? data.length / shape[0] : 0;
    return {
      dtype,
      shape: [1, ...shape.slice(1)],
      data: data.slice(row * width, (row + 1) * width) as TensorData[typeof dtype],
    };
  });
}

/** Joins tensors of the same names, dtypes and inner shapes along dimension 0. */
export function joinRows(rows: readonly Tensors[]): Tensors {
  return mapTensors(rows[0] as Tensors, ({ dtype, shape }, name) => {
    const parts = rows.map((row) => row[name] as Tensor);
    const count = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), 0);
    return { dtype, shape: [count, ...shape.slice(1)], data: joinData(parts) };
  });
}

function joinData(parts: readonly Tensor[]): Tensor["data"] {
  const [{ dtype }] = parts as [Tensor];
  if (dtype === "string") return parts.flatMap((part) => part.data as readonly Uint8Array[]);
  const joined = new NUMERIC_DTYPES[dtype].array(parts.reduce((sum, p) => sum + p.data.length, 0));
  let offset = 0;
  for (const { data } of parts) {
    (joined as Float32Array).set(data as Float32Array, offset);
    offset += data.length;
  }
  return joined;
}

/** Returns a string of names, dtypes and inner shapes, which is equal for rows that can be joined. */
export function rowKind(tensors: Tensors): string {
  const parts = Object.entries(tensors).map(([n, t]) => [n, t.dtype, t.shape.slice(1)]);
  return JSON.stringify(parts.sort());
}

/** Converts each tensor of a record. */
export function mapTensors(
  tensors: Tensors,
  convert: (tensor: Tensor, name: string) => Tensor,
): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([n, t]) => [n, convert(t, n)]));
}
