import { describe, expect, it } from "vitest";
import type { TensorProto } from "./messages.js";
import { tensorProtoType } from "./schema.js";
import { tensorFromProto } from "./tensor-proto.js";

const shape = (...dim: number[]) => ({ dim: dim.map((size) => ({ size })) });

function decode(fields: object): TensorProto {
  const bytes = tensorProtoType.encode(tensorProtoType.fromObject(fields)).finish();
  return tensorProtoType.decode(bytes) as unknown as TensorProto;
}

describe("tensorFromProto", () => {
  it.each([
    ["float32", { dtype: 1, tensorShape: shape(3), floatVal: [1, 2, 3] }, Float32Array.of(1, 2, 3)],
    ["float64", { dtype: 2, tensorShape: shape(1), doubleVal: [0.1] }, Float64Array.of(0.1)],
    ["int32", { dtype: 3, tensorShape: shape(2), intVal: [-1] }, Int32Array.of(-1, -1)],
    ["uint8", { dtype: 4, tensorShape: shape(2), intVal: [255, 1] }, Uint8Array.of(255, 1)],
    [
      "complex64",
      { dtype: 8, tensorShape: shape(2), scomplexVal: [1, 2] },
      Float32Array.of(1, 2, 1, 2),
    ],
    [
      "int64",
      { dtype: 9, tensorShape: shape(1), int64Val: ["9007199254740993"] },
      BigInt64Array.of(9007199254740993n),
    ],
    ["bool", { dtype: 10, tensorShape: shape(2), boolVal: [true, false] }, Uint8Array.of(1, 0)],
    ["float16", { dtype: 19, tensorShape: shape(1), halfVal: [15360] }, Uint16Array.of(15360)],
    [
      "uint64",
      { dtype: 23, tensorShape: shape(1), uint64Val: ["18446744073709551615"] },
      BigUint64Array.of(2n ** 64n - 1n),
    ],
  ])("reads the values of %s, of which the last repeats", (dtype, fields, data) => {
    expect(tensorFromProto(decode(fields))).toMatchObject({ dtype, data });
  });

  it("reads tensor_content, strings, scalars and no values at all", () => {
    const content = decode({
      dtype: 3,
      tensorShape: shape(1),
      tensorContent: Uint8Array.of(1, 1, 0, 0),
    });
    expect(tensorFromProto(content).data).toEqual(Int32Array.of(257));
    const strings = decode({ dtype: 7, tensorShape: shape(2), stringVal: [Buffer.from("a")] });
    expect(tensorFromProto(strings).data.map(String as never)).toEqual(["a", "a"]);
    const scalar = { dtype: "float32", shape: [], data: Float32Array.of(0) };
    expect(tensorFromProto(decode({ dtype: 1, tensorShape: shape() }))).toEqual(scalar);
    expect(tensorFromProto(decode({ dtype: 1 }))).toEqual(scalar);
  });

  it.each([
    [
      "a type that is not an element",
      { dtype: 20, tensorShape: shape(1) },
      "it is of type resource",
    ],
    [
      "a shape that is not known",
      { dtype: 1, tensorShape: { unknownRank: true } },
      "its shape is not known",
    ],
    [
      "too many values",
      { dtype: 1, tensorShape: shape(1), floatVal: [1, 2] },
      "takes 1 values; got 2",
    ],
    [
      "content of another length",
      { dtype: 1, tensorShape: shape(1), tensorContent: Uint8Array.of(1) },
      "takes 4 bytes; got 1",
    ],
    [
      "a size that would fill the memory",
      { dtype: 1, tensorShape: shape(2 ** 31, 2 ** 20) },
      "it would take",
    ],
  ])("refuses %s", (_, fields, message) => {
    expect(() => tensorFromProto(decode(fields))).toThrow(message);
  });
});
