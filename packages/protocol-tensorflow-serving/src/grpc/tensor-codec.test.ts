import { isServingError } from "@serving-kit/core";
import {
  type DType,
  NUMERIC_DTYPES,
  type NumericDType,
  type Tensor,
  UNLIMITED_MEMORY,
} from "@serving-kit/inference";
import { codecOf, schemaOf } from "@serving-kit/server/grpc";
import {
  BackwardWriter,
  DATA_TYPES,
  decodeTensor,
  encodeTensor,
  type NumericData,
  WireReader,
} from "@serving-kit/tensorflow-wire";
import { limitedMemory } from "@serving-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readExamplesRequest, readMultiInferenceRequest } from "./example-messages.js";
import { PROTOS } from "./messages.js";
import { readPredictRequest, writePredictResponse } from "./predict-messages.js";

const tensorProto = codecOf<Record<string, unknown>>(schemaOf(PROTOS), "tensorflow.TensorProto");
const memory = () => ({ allowance: limitedMemory(2 ** 20) });
const decode = (bytes: Uint8Array) => decodeTensor("x", new WireReader(bytes), memory());

function encode(tensor: Tensor, asContent: boolean): Uint8Array {
  const writer = new BackwardWriter(1); // grows on the way
  encodeTensor(writer, "x", tensor, asContent);
  return writer.finish();
}

/** The range of the dtypes whose array could hold more than they can. */
const LIMIT: Partial<Record<DType, number>> = { bool: 2, uint4: 16 };

const numericTensor = (dtype: NumericDType) =>
  fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }).chain((shape) => {
    const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
    const entries = shape.reduce((product, size) => product * size, 1) * entriesPerElement;
    const length = entries * array.BYTES_PER_ELEMENT;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((random): Tensor => {
      const limit = LIMIT[dtype];
      const bytes = limit ? random.map((byte) => byte % limit) : random.slice();
      const data = new array(bytes.buffer, 0, entries) as NumericData;
      if (dtype === "int4") data.set((data as Int8Array).map((value) => value >> 4) as never);
      return { dtype, shape, data };
    });
  });

const stringTensor = fc
  .array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 })
  .map((data): Tensor => ({ dtype: "string", shape: [data.length], data }));

const anyTensor = fc.oneof(
  stringTensor,
  ...(Object.keys(NUMERIC_DTYPES) as NumericDType[]).map(numericTensor),
);

/** Elements as they compare: which of the many NaNs one is, JavaScript does not keep. */
function plain({ dtype, shape, data }: Tensor) {
  const elements =
    dtype === "string"
      ? (data as readonly Uint8Array[]).map((text) => [...text])
      : Array.from(data as ArrayLike<number | bigint>);
  return { dtype, shape, elements };
}

describe("TensorProto", () => {
  it("comes back as it was written, typed or as tensor_content, for every dtype", () => {
    fc.assert(
      fc.property(anyTensor, fc.boolean(), (tensor, asContent) => {
        expect(plain(decode(encode(tensor, asContent)))).toEqual(plain(tensor));
      }),
    );
  });

  it("is written as protobufjs reads it, and read as protobufjs writes it", () => {
    fc.assert(
      fc.property(anyTensor, fc.boolean(), (tensor, asContent) => {
        const bytes = encode(tensor, asContent);
        const message = tensorProto.decode(bytes);
        expect(message.dtype).toBe(DATA_TYPES[tensor.dtype]);
        expect(plain(decode(tensorProto.encode(message)))).toEqual(plain(tensor));
      }),
    );
  });

  it.each([
    ["int32", 3, { int_val: [-1, 5] }, [-1, 5, 5]],
    ["int8", 6, { int_val: [300] }, [44, 44, 44]],
    ["float16", 19, { half_val: [0x3c00] }, [0x3c00, 0x3c00, 0x3c00]],
    ["bfloat16", 14, { half_val: [0x3f80, 1, 2, 3] }, [0x3f80, 1, 2]],
    ["int64", 9, { int64_val: ["-9007199254740993"] }, Array(3).fill(-9007199254740993n)],
    ["uint64", 23, { uint64_val: ["18446744073709551615"] }, Array(3).fill(2n ** 64n - 1n)],
    ["uint32", 22, { uint32_val: [4294967295] }, Array(3).fill(4294967295)],
    ["bool", 10, { bool_val: [true, false] }, [1, 0, 0]],
    ["complex64", 8, { scomplex_val: [1, 2, 3, 4] }, [1, 2, 3, 4, 3, 4]],
    ["float64", 2, {}, [0, 0, 0]],
    ["int4", 29, { int_val: [-8, 7] }, [-8, 7, 7]],
    ["bool", 10, { tensor_content: Buffer.of(0, 1, 7) }, [0, 1, 1]],
  ])("of %s repeats its last value, as TensorFlow does", (dtype, number, values, expected) => {
    const message = { dtype: number, tensor_shape: { dim: [{ size: 3 }] }, ...values };
    const { dtype: found, data } = decode(tensorProto.encode(message));
    expect([found, Array.from(data as ArrayLike<unknown>)]).toEqual([dtype, expected]);
  });

  it("accepts values that are not packed, and fields in any order", () => {
    const bytes = Buffer.from([
      ...[0x38, 1, 0x38, 2], // int_val, twice
      ...[0x12, 4, 0x12, 2, 0x08, 3], // shape [3]
      ...[0x08, 3], // DT_INT32
      ...[0x3a, 1, 9], // int_val, packed
    ]);
    expect(Array.from(decode(bytes).data as Int32Array)).toEqual([1, 2, 9]);
  });

  it("is a view of the message if its offset allows one, otherwise of aligned memory", () => {
    const data = Float64Array.of(1, 2, 3);
    const encoded = encode({ dtype: "float64", shape: [3], data }, true);
    for (let offset = 0; offset < 8; offset++) {
      const message = new Uint8Array(new ArrayBuffer(64), offset, encoded.length);
      message.set(encoded);
      const found = decode(message).data as Float64Array;
      expect(found).toEqual(data);
      const content = offset + encoded.length - data.byteLength;
      expect(found.buffer === message.buffer).toBe(isContentLast(encoded) && content % 8 === 0);
    }
  });

  const isContentLast = (bytes: Uint8Array) =>
    Buffer.from(bytes)
      .subarray(-24)
      .equals(Buffer.from(Float64Array.of(1, 2, 3).buffer));

  it("is written into the memory of the servable if it provides any", () => {
    const given = new Float32Array(2);
    const allocate = () => ({ dtype: "float32", shape: [2], data: given }) as never;
    const bytes = encode({ dtype: "float32", shape: [2], data: Float32Array.of(3, 4) }, true);
    const found = decodeTensor("x", new WireReader(bytes), { ...memory(), allocate });
    expect(found.data).toBe(given);
    expect([...given]).toEqual([3, 4]);
  });

  it.each([
    ["a dtype that no tensor has", { dtype: 20 }],
    ["no dtype", {}],
    ["an unknown rank", { dtype: 1, tensor_shape: { unknown_rank: true } }],
    ["a negative dimension", { dtype: 1, tensor_shape: { dim: [{ size: -1 }] } }],
    ["too many dimensions", { dtype: 1, tensor_shape: { dim: Array(255).fill({ size: 1 }) } }],
    ["2^62 elements", { dtype: 1, tensor_shape: { dim: [{ size: 2 ** 31 }, { size: 2 ** 31 }] } }],
    [
      "dimensions that overflow before one that is 0",
      { dtype: 1, tensor_shape: { dim: [2 ** 40, 2 ** 40, 0].map((size) => ({ size })) } },
    ],
    ["2^40 empty strings", { dtype: 7, tensor_shape: { dim: [{ size: 2 ** 40 }] } }],
    ["content of another length", { dtype: 1, tensor_content: Buffer.alloc(5) }],
    ["string content too short", { dtype: 7, tensor_content: Buffer.of(3, 1) }],
  ])("with %s is refused", (_, message) => {
    expect(() => decode(tensorProto.encode(message))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("shares what a request may expand to among its tensors", () => {
    const half = { dtype: 1, tensor_shape: { dim: [{ size: 2 ** 17 + 16 }] }, float_val: [1] };
    const reader = () => new WireReader(tensorProto.encode(half));
    const shared = memory();
    decodeTensor("a", reader(), shared);
    expect(() => {
      decodeTensor("b", reader(), shared);
      decodeTensor("c", reader(), shared);
    }).toThrow(expect.objectContaining({ reason: "REQUEST_TOO_COSTLY" }));
  });
});

describe("long content", () => {
  const long = (key: string) => {
    const data = Float64Array.from({ length: 16 }, (_, i) => i + key.length);
    return {
      data,
      proto: tensorProto.decode(encode({ dtype: "float64", shape: [16], data }, true)),
    };
  };
  const request = codecOf(schemaOf(PROTOS), "tensorflow.serving.PredictRequest");

  it("becomes a view at every offset, and leaves its neighbours as they are", () => {
    const text = Buffer.from("a neighbour");
    const strings = { dtype: 7, tensor_shape: { dim: [{ size: 1 }] }, string_val: [text] };
    const inputs = { s: strings, "": long("").proto, t: strings, bb: long("bb").proto, u: strings };
    const bytes = request.encode({ inputs });
    for (let offset = 0; offset < 8; offset++) {
      const message = new Uint8Array(new ArrayBuffer(bytes.length + 8), offset, bytes.length);
      message.set(bytes);
      const found = [...readPredictRequest(message, UNLIMITED_MEMORY).inputs].map(
        ([name, reader]) => [name, decodeTensor(name, reader, memory()).data] as const,
      );
      for (const [name, data] of found) {
        if (name === "" || name === "bb") {
          expect(data).toEqual(long(name).data);
          expect((data as Float64Array).buffer).toBe(message.buffer);
        } else expect(Buffer.from((data as Uint8Array[])[0] as Uint8Array)).toEqual(text);
      }
      expect(found).toHaveLength(5);
    }
  });
});

describe("hostile bytes", () => {
  const valid = codecOf(schemaOf(PROTOS), "tensorflow.serving.PredictRequest").encode({
    model_spec: { name: "m", version: { value: 3 }, signature_name: "s" },
    inputs: { x: { dtype: 1, tensor_shape: { dim: [{ size: 2 }] }, float_val: [1, 2] } },
    output_filter: ["y"],
  });
  const damaged = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 })
    .chain((changes) =>
      fc.nat(valid.length).map((length) => {
        const bytes = Uint8Array.from(valid);
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes.subarray(0, length);
      }),
    );

  it("are read or rejected with INVALID_ARGUMENT, and never anything else", () => {
    const foreseen = (read: () => void) => {
      try {
        read();
      } catch (error) {
        if (!isServingError(error)) throw error;
        expect(error.code).toBe("INVALID_ARGUMENT");
      }
    };
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        foreseen(() => {
          const { inputs } = readPredictRequest(bytes, UNLIMITED_MEMORY);
          for (const [name, reader] of inputs) decodeTensor(name, reader, memory());
        });
        foreseen(() => readExamplesRequest(bytes, UNLIMITED_MEMORY));
        foreseen(() => readMultiInferenceRequest(bytes, UNLIMITED_MEMORY));
        foreseen(() => decode(bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  it("that protobufjs reads too are read the same", () => {
    const reference = codecOf<{
      model_spec: { name: string; signature_name: string } | null;
      output_filter: string[];
      inputs: Record<string, unknown>;
    }>(schemaOf(PROTOS), "tensorflow.serving.PredictRequest");
    fc.assert(
      fc.property(damaged, (bytes) => {
        let expected: ReturnType<typeof reference.decode>;
        let found: ReturnType<typeof readPredictRequest>;
        try {
          // protobufjs 7 replaces invalid UTF-8 as we do only in a Buffer.
          expected = reference.decode(Buffer.from(bytes));
          found = readPredictRequest(bytes, UNLIMITED_MEMORY);
        } catch {
          return; // they differ in what they refuse: unknown groups, tensors that nobody reads
        }
        expect(found.outputFilter).toEqual(expected.output_filter);
        expect(found.modelSpec?.name ?? "").toBe(expected.model_spec?.name ?? "");
        expect([...found.inputs.keys()].sort()).toEqual(Object.keys(expected.inputs).sort());
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("PredictResponse", () => {
  it("is what protobufjs reads", () => {
    const tensors = fc.dictionary(fc.string(), anyTensor, { maxKeys: 4, noNullPrototype: false });
    fc.assert(
      fc.property(tensors, fc.bigInt(0n, 2n ** 63n - 1n), fc.boolean(), (outputs, version, as) => {
        const answer = { id: { name: "m", version }, signature: "s", outputs };
        const response = codecOf<{ model_spec: object; outputs: object }>(
          schemaOf(PROTOS),
          "tensorflow.serving.PredictResponse",
        ).decode(writePredictResponse(answer, as));
        expect(response.model_spec).toEqual({
          name: "m",
          version: { value: String(version) },
          version_choice: "version",
          signature_name: "s",
        });
        // protobufjs keeps a key __proto__ for some values only.
        const named = (of: object) =>
          Object.keys(of)
            .filter((name) => name !== "__proto__")
            .sort();
        expect(named(response.outputs)).toEqual(named(outputs));
      }),
    );
  });

  it("with elements that do not fill the shape is the server's fault", () => {
    const outputs = { y: { dtype: "float32", shape: [3], data: new Float32Array(2) } } as const;
    const answer = { id: { name: "m", version: 1n as never }, signature: "s", outputs };
    expect(() => writePredictResponse(answer, false)).toThrow(
      expect.objectContaining({ code: "INTERNAL", reason: "OUTPUT_INVALID" }),
    );
  });
});
