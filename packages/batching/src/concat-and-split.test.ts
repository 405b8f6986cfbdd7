import {
  type DType,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  tensor,
} from "@serving-kit/inference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BatchedInput, concatInputs, splitOutputs } from "./concat-and-split.js";
import { entriesPerRow, viewRows } from "./rows.js";
import type { VariableLengthPadding } from "./variable-length-padding.js";

const X: BatchedInput = { name: "x", shape: [-1, -1] };
const padded = (padding: VariableLengthPadding, shape: BatchedInput["shape"] = [-1, -1]) => ({
  ...X,
  padding,
  shape,
});
const float = (shape: number[], elements: number[]) => tensor("float32", shape, elements);
const bytes = (...elements: number[]) => Uint8Array.from(elements);

const bufferOf = (one: Tensor | undefined) => (one?.data as Float32Array | undefined)?.buffer;

const DTYPES = [...(Object.keys(NUMERIC_DTYPES) as DType[]), "string" as const];

/** A tensor of a dtype whose elements are all different, starting from a number. */
function counted(dtype: DType, shape: readonly number[], from: number): Tensor {
  const width = dtype === "string" ? 1 : NUMERIC_DTYPES[dtype].entriesPerElement;
  const numbers = Array.from(
    { length: shape.reduce((product, extent) => product * extent, width) },
    (_, i) => (from + i) % 120,
  );
  if (dtype === "string")
    return tensor(
      dtype,
      shape,
      numbers.map((n) => bytes(n, n + 1)),
    );
  const { array } = NUMERIC_DTYPES[dtype as NumericDType];
  const data = new array(numbers.length);
  numbers.forEach((n, i) => {
    (data as unknown as unknown[])[i] = dtype === "int64" || dtype === "uint64" ? BigInt(n) : n;
  });
  return { dtype, shape, data } as Tensor;
}

describe("concatInputs", () => {
  it("returns a single task without padding unchanged", () => {
    const x = float([2, 2], [1, 2, 3, 4]);
    expect(concatInputs([{ x }], [X], 2).x).toBe(x);
  });

  it("joins along dimension 0 and repeats the first row of the last task as padding", () => {
    const { x } = concatInputs(
      [{ x: float([1, 2], [1, 2]) }, { x: float([2, 2], [3, 4, 5, 6]) }],
      [X],
      5,
    );
    expect(x).toEqual(float([5, 2], [1, 2, 3, 4, 5, 6, 3, 4, 3, 4]));
  });

  it("writes into memory of the servable if it provides any", () => {
    const given = float([2, 1], [9, 9]);
    const memory = {
      given,
      allocate(dtype: NumericDType, shape: readonly number[]) {
        expect([dtype, shape]).toEqual(["float32", [2, 1]]);
        return this.given as never;
      },
    };
    const { x } = concatInputs(
      [{ x: float([1, 1], [1]) }, { x: float([1, 1], [2]) }],
      [X],
      2,
      memory,
    );
    expect(x?.data).toBe(given.data);
    expect([...given.data]).toEqual([1, 2]);
    const none = { allocate: () => undefined };
    expect(concatInputs([{ x: float([1, 1], [1]) }], [X], 2, none).x).toEqual(
      float([2, 1], [1, 1]),
    );
  });

  it("rejects tensors of different shapes if padding is off", () => {
    const tasks = [{ x: float([1, 2], [1, 2]) }, { x: float([1, 3], [3, 4, 5]) }];
    expect(() => concatInputs(tasks, [X], 2)).toThrow(
      "have the shapes [1,2] and [1,3] and cannot be joined",
    );
  });

  it("pads to the longest tensor at the end with its first element, as TF Serving does", () => {
    const tasks = [{ x: float([1, 1, 2], [1, 2]) }, { x: float([2, 2, 1], [5, 6, 7, 8]) }];
    const { x } = concatInputs(tasks, [padded({})], 4);
    const first = [1, 2, 1, 1];
    const second = [5, 5, 6, 5, 7, 5, 8, 5];
    expect(x).toEqual(float([4, 2, 2], [...first, ...second, 5, 5, 6, 5]));
  });

  it("pads with a chosen value at a chosen side", () => {
    const tasks = [{ x: float([1, 1], [1]) }, { x: float([1, 3], [2, 3, 4]) }];
    const end = concatInputs(tasks, [padded({ value: 0 })], 2).x;
    expect(end).toEqual(float([2, 3], [1, 0, 0, 2, 3, 4]));
    const start = concatInputs(tasks, [padded({ value: -1, side: "start" })], 2).x;
    expect(start).toEqual(float([2, 3], [-1, -1, 1, 2, 3, 4]));
  });

  it("pads to buckets, including a single task, only if the signature has no fixed length", () => {
    const tasks = [{ x: float([1, 3, 1], [1, 2, 3]) }];
    const padding = { value: 0, buckets: [4, 8] };
    expect(concatInputs(tasks, [padded(padding, [-1, -1, 1])], 1).x).toEqual(
      float([1, 4, 1], [1, 2, 3, 0]),
    );
    expect(concatInputs(tasks, [padded(padding, [-1, 3, 1])], 1).x).toBe(tasks[0]?.x);
    const long = [{ x: float([1, 9], new Array(9).fill(1)) }];
    expect(concatInputs(long, [padded(padding)], 1).x).toBe(long[0]?.x);
  });

  it("pads strings, int64 and complex numbers, and a tensor without elements with nothing", () => {
    const strings = [
      { x: tensor("string", [1, 1], ["a"]) },
      { x: tensor("string", [1, 2], ["b", "c"]) },
      { x: tensor("string", [1, 0], []) },
    ];
    expect(concatInputs(strings, [padded({})], 3).x?.data).toEqual([
      bytes(97),
      bytes(97),
      bytes(98),
      bytes(99),
      bytes(),
      bytes(),
    ]);
    expect(concatInputs(strings, [padded({ value: bytes(46) })], 3).x?.data[1]).toEqual(bytes(46));
    const longs = [{ x: tensor("int64", [1, 1], [1]) }, { x: tensor("int64", [1, 2], [2, 3]) }];
    expect(concatInputs(longs, [padded({ value: 7 })], 2).x?.data).toEqual(
      BigInt64Array.of(1n, 7n, 2n, 3n),
    );
    const complex = [
      { x: tensor("complex64", [1, 1], [1, 2]) },
      { x: tensor("complex64", [1, 2], [3, 4, 5, 6]) },
    ];
    expect(concatInputs(complex, [padded({})], 2).x?.data).toEqual(
      Float32Array.of(1, 2, 1, 2, 3, 4, 5, 6),
    );
  });

  it("cannot pad tensors of different ranks", () => {
    const tasks = [{ x: float([1, 1], [1]) }, { x: float([1, 1, 1], [1]) }];
    expect(() => concatInputs(tasks, [padded({})], 2)).toThrow("and cannot be joined");
  });
});

describe("splitOutputs", () => {
  it("copies its rows to each task, and drops the padding", () => {
    const y = float([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const split = splitOutputs({ y }, [1, 2], 4);
    expect(split).toEqual([{ y: float([1, 2], [1, 2]) }, { y: float([2, 2], [3, 4, 5, 6]) }]);
    expect(bufferOf(split[0]?.y)).not.toBe(y.data.buffer);
  });

  it("returns a view of large rows", () => {
    const y = float([2, 5000], new Array(10_000).fill(1));
    expect(bufferOf(splitOutputs({ y }, [1, 1], 2)[1]?.y)).toBe(y.data.buffer);
  });

  it("rejects an output that does not have a row for each row", () => {
    expect(() => splitOutputs({ y: float([], [1]) }, [1], 1)).toThrow(
      "Batched output tensor has 0 dimensions",
    );
    expect(() => splitOutputs({ y: float([3], [1, 2, 3]) }, [1, 1], 2)).toThrow(
      'Batched output tensor\'s 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors: "y" must have 2 rows; got shape [3]',
    );
  });

  it("accepts an output of any name", () => {
    const outputs = JSON.parse('{"__proto__": 0}');
    Object.defineProperty(outputs, "__proto__", { value: float([1], [1]), enumerable: true });
    const [split] = splitOutputs(outputs, [1], 1);
    expect(Object.keys(split as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(split)).toBe(Object.prototype);
  });
});

describe.each(DTYPES)("rows of %s", (dtype) => {
  const tasks = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
    row: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    padding: fc.integer({ min: 0, max: 3 }),
  });

  it("concat, pad and split give each caller exactly its rows", () => {
    fc.assert(
      fc.property(tasks, ({ sizes, row, padding }) => {
        const inputs = sizes.map((size, i) => ({ x: counted(dtype, [size, ...row], 10 * i) }));
        const size = sizes.reduce((sum, n) => sum + n, 0);
        const joined = concatInputs(inputs, [{ ...X, shape: null }], size + padding);
        expect(joined.x?.shape).toEqual([size + padding, ...row]);
        expect(joined.x?.data.length).toBe((size + padding) * entriesPerRow(joined.x as Tensor));
        expect(splitOutputs(joined, sizes, size + padding)).toEqual(inputs);
        const last = inputs.at(-1)?.x as Tensor;
        for (let i = 0; i < padding; i++) {
          expect(viewRows(joined.x as Tensor, size + i, 1).data).toEqual(viewRows(last, 0, 1).data);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("splitting a tensor and joining the parts returns the same tensor", () => {
    const x = counted(dtype, [5, 2], 3);
    const parts = [{ x: viewRows(x, 0, 2) }, { x: viewRows(x, 2, 3) }];
    expect(concatInputs(parts, [X], 5)).toEqual({ x });
  });

  it("the padded batch contains each tensor of different length completely", () => {
    const shape = fc.tuple(
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 1, maxLength: 4 }),
        fc.constantFrom("end" as const, "start" as const),
        (shapes, side) => {
          const inputs = shapes.map((one, i) => ({ x: counted(dtype, one, 10 * i) }));
          const size = shapes.reduce((sum, [rows]) => sum + rows, 0);
          const { x } = concatInputs(inputs, [padded({ side }, null)], size) as { x: Tensor };
          let row = 0;
          for (const { x: input } of inputs) {
            for (let i = 0; i < (input.shape[0] as number); i++, row++) {
              expect(region(x, row, input.shape, side)).toEqual([...viewRows(input, i, 1).data]);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

/** Returns the elements of one row of a padded rank 3 tensor, without padding. */
function region(
  x: Tensor,
  row: number,
  shape: readonly number[],
  side: "end" | "start",
): unknown[] {
  const [, height = 0, width = 0] = shape;
  const [, maxHeight = 0, maxWidth = 0] = x.shape;
  const entries = x.dtype === "string" ? 1 : NUMERIC_DTYPES[x.dtype].entriesPerElement;
  const found: unknown[] = [];
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width * entries; j++) {
      const down = side === "start" ? maxHeight - height + i : i;
      const right = side === "start" ? (maxWidth - width) * entries + j : j;
      found.push(x.data[(row * maxHeight + down) * maxWidth * entries + right]);
    }
  }
  return found;
}
