import {
  type DType,
  type Signature,
  stringsOf,
  type Tensor,
  type TensorSpec,
} from "@serving-kit/inference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePredict } from "./decode-predict.js";
import { explainPredict } from "./explain.js";
import { terminated } from "./json-text.js";

const spec = (dtype: DType, shape: number[] | null = null): TensorSpec => ({ dtype, shape });
const signature = (inputs: Record<string, TensorSpec>): Signature => ({
  inputs: new Map(Object.entries(inputs)),
  outputs: new Map(),
});
/** An allowance of this many bytes, which counts what was taken. */
function limitedMemory(bytes: number) {
  const memory = {
    taken: 0,
    take(more: number) {
      if (!(memory.taken + more <= bytes)) throw new RangeError(`more than ${bytes} bytes`);
      memory.taken += more;
    },
  };
  return memory;
}

const single = (dtype: DType) => signature({ x: spec(dtype) });

const decode = (text: string | Uint8Array, ...signatures: Signature[]) => {
  const named = new Map(signatures.map((known, i) => [i === 0 ? undefined : `s${i}`, known]));
  return decodePredict(typeof text === "string" ? Buffer.from(text) : text, (name) =>
    named.get(name),
  );
};
const tensorOf = (text: string, dtype: DType, name = "x") =>
  decode(text, single(dtype)).inputs[name] as Tensor;
const problemOf = (text: string, ...signatures: Signature[]): string => {
  try {
    decode(text, ...signatures);
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
  throw new Error("was accepted");
};

describe("decodePredict", () => {
  it("reads a body that uses the names of an alias, and reports how the answer names outputs", () => {
    const plain = signature({ a: spec("float32"), b: spec("int32") });
    const known = {
      ...plain,
      outputs: new Map([["sum", spec("float32")]]),
      aliases: [
        {
          ...signature({ "in:0": spec("float32"), "in:1": spec("int32") }),
          outputs: new Map([["out:0", spec("float32")]]),
        },
      ],
    };
    for (const body of [
      '{"instances":[{"in:0":1,"in:1":2}]}',
      '{"inputs":{"in:0":[1],"in:1":[2]}}',
    ]) {
      const { inputs, outputNames } = decode(body, known);
      expect([inputs.a?.data, inputs.b?.data]).toEqual([Float32Array.of(1), Int32Array.of(2)]);
      expect(outputNames).toEqual(new Map([["sum", "out:0"]]));
    }
    expect(decode('{"inputs":{"a":[1],"b":[2]}}', known).outputNames).toBeUndefined();
    expect(problemOf('{"inputs":{"in:0":[1],"in:1":["x"]}}', known)).toContain("int32");
    expect(problemOf('{"inputs":{"in:0":[1],"b":[2]}}', known)).toBe(
      "INVALID_ARGUMENT Missing named input: a in 'inputs' object.",
    );
  });

  it.each([
    ['{"instances":[[1,2],[3,4.5]]}', "float32", [2, 2], [1, 2, 3, 4.5]],
    ['{"inputs":[[1,2],[3,4.5]]}', "float64", [2, 2], [1, 2, 3, 4.5]],
    ['{"inputs":7}', "float32", [], [7]],
    ['{"inputs":[]}', "float32", [0], []],
    ['{"inputs":[[],[]]}', "float32", [2, 0], []],
    ['{"inputs":[[[1],[2]]]}', "int32", [1, 2, 1], [1, 2]],
    [' { "instances" : [ 1 , -2 ,\n\t3.5e1 ] } \n', "float32", [3], [1, -2, 35]],
    ['{"instances":[-0.0, 0, 1e-7]}', "float64", [3], [-0, 0, 1e-7]],
    ['{"instances":[300, -1]}', "uint8", [2], [44, 255]],
    ['{"instances":[4294967295]}', "uint32", [1], [4294967295]],
    ['{"instances":[true,false]}', "bool", [2], [1, 0]],
    [
      '{"instances":[18446744073709551616,-9223372036854775809]}',
      "float64",
      [2],
      [2 ** 64, -(2 ** 63)],
    ],
    ['{"inputs":[100000000000000000000]}', "float32", [1], [Math.fround(1e20)]],
    ['{"instances":[1]} ignored {', "float32", [1], [1]],
    ['\ufeff{"instances":[1]}', "float32", [1], [1]],
    ['{"instances":[1],"instances":["x"]}', "float32", [1], [1]],
    ['{"inst\\u0061nces":[1]}', "float32", [1], [1]],
    ['{"other":{"a":[null,"}"]},"instances":[1]}', "float32", [1], [1]],
  ] as const)("reads %s as %s", (text, dtype, shape, data) => {
    const read = tensorOf(text, dtype);
    expect([read.dtype, read.shape, Array.from(read.data as Float32Array)]).toEqual([
      dtype,
      shape,
      data,
    ]);
  });

  it.each<[string, number]>([
    ["16777216", 2 ** 24],
    ["16777217", 2 ** 24],
    ["-16777219", -(2 ** 24) - 4],
    ["9007199254740993", 2 ** 53],
    ["-9223372036854775808", -(2 ** 63)],
    ["18446744073709551615", 2 ** 64],
    ["18446744073709551616", 2 ** 64],
    ["123456789012345678901234567890", Math.fround(1.2345678901234568e29)],
    ["3.4028236e38", Number.POSITIVE_INFINITY],
    ["1e39", Number.POSITIVE_INFINITY],
    ["-1e300", Number.NEGATIVE_INFINITY],
  ])("rounds %s to the nearest float, and to the nearest double, in both forms", (text, float) => {
    for (const form of ["inputs", "instances"]) {
      for (const [list, at] of [
        [`[${text}]`, 0],
        [`[1.5,${text},2]`, 1],
      ] as const) {
        expect(tensorOf(`{"${form}":${list}}`, "float32").data[at]).toBe(float);
        expect(tensorOf(`{"${form}":${list}}`, "float64").data[at]).toBe(Number(text));
      }
    }
  });

  it("rejects an integer that no double holds, as RapidJSON does", () => {
    for (const dtype of ["float32", "float64"] as const) {
      expect(problemOf(`{"inputs":[${"9".repeat(400)}]}`, single(dtype))).toBe(
        "INVALID_ARGUMENT JSON Parse error: Number too big to be stored in double. at offset: 11",
      );
    }
  });

  it("keeps every bit of int64 and uint64", () => {
    const text = '{"inputs":[9007199254740993,-9223372036854775808,-1,4294967296]}';
    expect(tensorOf(text, "int64").data).toEqual(
      BigInt64Array.of(9007199254740993n, -(2n ** 63n), -1n, 2n ** 32n),
    );
    expect(tensorOf('{"inputs":[18446744073709551615]}', "uint64").data).toEqual(
      BigUint64Array.of(2n ** 64n - 1n),
    );
  });

  it("reads strings as bytes: escapes, surrogate pairs, base64, and what is not UTF-8", () => {
    const body = Buffer.concat([
      Buffer.from('{"instances":["\\ud83d\\ude00\\/", {"b64":"aGk"}, {"b64":"aGk="}, "'),
      Buffer.from([0xff, 0x41]),
      Buffer.from('"]}'),
    ]);
    const { data } = decode(body, single("string")).inputs.x as Tensor<"string">;
    expect(data.map((bytes) => Buffer.from(bytes).toString("latin1"))).toEqual([
      Buffer.from("😀/").toString("latin1"),
      "hi",
      "hi",
      "\xffA",
    ]);
  });

  it("reads named rows, and whole tensors by name with extra names", () => {
    const two = signature({ a: spec("float32"), b: spec("string") });
    const rows = decode(
      '{"instances":[{"a":[1,2],"b":"x"},{"b":{"b64":""},"a":[3,4]}]}',
      two,
    ).inputs;
    expect([rows.a?.shape, rows.b?.shape]).toEqual([[2, 2], [2]]);
    const columns = decode('{"inputs":{"b":["x"],"extra":[null],"a":[[1]]}}', two).inputs;
    expect([columns.a?.shape, columns.b?.shape]).toEqual([[1, 1], [1]]);
  });

  it("fills what rows lack, and null, of optional inputs with a missing value", () => {
    const columns = signature({
      age: { dtype: "float32", shape: [-1], isOptional: true, missing: Number.NaN },
      color: { dtype: "string", shape: [-1], isOptional: true, missing: "" },
      rare: { dtype: "float64", shape: [-1], isOptional: true, missing: -1 },
    });
    const rows =
      '{"instances":[{"age":1},{"color":"red"},{"age":null,"color":null},{ "age" : 4 }]}';
    const { inputs } = decode(rows, columns);
    expect(Object.keys(inputs)).toEqual(["age", "color"]);
    expect(inputs.age?.data).toEqual(Float32Array.of(1, Number.NaN, Number.NaN, 4));
    expect(stringsOf(inputs.color as Tensor<"string">)).toEqual(["", "red", "", ""]);
    const whole = decode(
      '{"inputs":{"age":[1, null ,3],"color":[null,"a","b"],"rare":[]}}',
      columns,
    );
    expect(whole.inputs.age?.data).toEqual(Float32Array.of(1, Number.NaN, 3));
    expect(stringsOf(whole.inputs.color as Tensor<"string">)).toEqual(["", "a", "b"]);
    expect(whole.inputs.rare?.shape).toEqual([0]);
    const many = Array.from({ length: 9000 }, (_, i) => (i % 3 === 0 ? {} : { rare: i }));
    const { data } = decode(JSON.stringify({ instances: many }), columns).inputs.rare as Tensor;
    expect([data.length, data[0], data[1], data[8997], data[8999]]).toEqual([
      9000, -1, 1, -1, 8999,
    ]);
  });

  it.each([
    ['{"instances":[{"age":1},{"age":"x"}]}', /element: 1 key: age of/],
    ['{"instances":[{"age":1},{"age":[1]}]}', /element: 1 key: age of/],
    [
      '{"instances":[{"age":1,"k":1},{"age":1}]}',
      /element: 1 key: k of .*other rows have this input/,
    ],
    ['{"instances":[{"age":1,"k":null}]}', /element: 0 key: k of/],
    ['{"inputs":{"age":[1,null,"x"]}}', /row 2 of input age/],
    ['{"inputs":{"age":[1,[2]]}}', /row 1 of input age: expected a scalar/],
  ])("names the row and the key of what it refuses: %s", (body, message) => {
    const columns = signature({
      age: { dtype: "float32", shape: [-1], isOptional: true, missing: Number.NaN },
      k: { dtype: "int32", shape: [-1], isOptional: true },
    });
    expect(() => decode(body, columns)).toThrow(message);
  });

  it("rejects rows that lack more values than there is room for", () => {
    const names = Array.from({ length: 300 }, (_, i) => `c${i}`);
    const missing = { dtype: "float32", shape: [-1], isOptional: true, missing: -1 } as const;
    const columns = signature(Object.fromEntries(names.map((name) => [name, missing])));
    const first = JSON.stringify(Object.fromEntries(names.map((name) => [name, 1])));
    const body = `{"instances":[${first}${",{}".repeat(20_000)}]}`;
    expect(() => decode(body, columns)).toThrow(/lack 6000000 values .* at most 4194304/);
  });

  it("lets an optional input be left out", () => {
    const optional = signature({ a: spec("float32"), k: { ...spec("int32"), isOptional: true } });
    expect(Object.keys(decode('{"instances":[{"a":1}]}', optional).inputs)).toEqual(["a"]);
    expect(Object.keys(decode('{"inputs":{"a":[1]}}', optional).inputs)).toEqual(["a"]);
  });

  it("treats __proto__ and constructor as names like any other", () => {
    const odd = { inputs: new Map([["__proto__", spec("float32")]]), outputs: new Map() };
    const { inputs } = decode('{"inputs":{"__proto__":[1]}}', odd);
    expect(Object.keys(inputs)).toEqual(["__proto__"]);
    expect(problemOf('{"instances":[{"constructor":1}]}', single("float32"))).toContain(
      "JSON object: does not have named input: constructor",
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("reads the values with the signature that is named after them", () => {
    const [ints, strings] = [single("int32"), single("string")];
    expect(decode('{"instances":["1"],"signature_name":"s1"}', ints, strings).inputs.x?.dtype).toBe(
      "string",
    );
    expect(decode('{"instances":[1],"signature_name":"s1"}', strings, ints).inputs.x?.dtype).toBe(
      "int32",
    );
  });
});

describe("the words for what does not fit", () => {
  const two = signature({ a: spec("float32"), b: spec("int32") });
  const element = (place: string, problem: string) =>
    `INVALID_ARGUMENT Failed to process element: ${place} of 'instances' list. Error: INVALID_ARGUMENT: ${problem}`;

  it.each([
    ["", "JSON Parse error: The document is empty"],
    ["   ", "JSON Parse error: The document is empty. at offset: 3"],
    ["[]", "JSON Value: [] Is not object"],
    ["{", "JSON Parse error: Missing a name for object member. at offset: 1"],
    [
      '{"instances"',
      "JSON Parse error: Missing a colon after a name of object member. at offset: 12",
    ],
    [
      '{"instances":[1',
      "JSON Parse error: Missing a comma or ] after an array element. at offset: 15",
    ],
    [
      '{"instances":[1]',
      "JSON Parse error: Missing a comma or } after an object member. at offset: 16",
    ],
    ['{"instances":[1,]}', "JSON Parse error: Invalid value. at offset: 16"],
    [
      '{"instances":[01]}',
      "JSON Parse error: Missing a comma or ] after an array element. at offset: 15",
    ],
    ['{"instances":[1.]}', "JSON Parse error: Miss fraction part in number. at offset: 16"],
    ['{"instances":[1e]}', "JSON Parse error: Miss exponent in number. at offset: 16"],
    [
      '{"instances":[1e999]}',
      "JSON Parse error: Number too big to be stored in double. at offset: 14",
    ],
    [
      '{"instances":["a',
      "JSON Parse error: Missing a closing quotation mark in string. at offset: 14",
    ],
    [
      '{"instances":["\\x"]}',
      "JSON Parse error: Invalid escape character in string. at offset: 15",
    ],
    [
      '{"instances":["\\u12g4"]}',
      "JSON Parse error: Incorrect hex digit after \\u escape in string. at offset: 15",
    ],
    [
      '{"instances":["\\ud800"]}',
      "JSON Parse error: The surrogate pair in string is invalid. at offset: 15",
    ],
    ['{"instances":["\n"]}', "JSON Parse error: Invalid encoding in string. at offset: 15"],
    [
      `{"instances":${"[".repeat(100)}`,
      "JSON Parse error: nested deeper than 64 levels at offset: 76",
    ],
    ["{}", "Missing 'inputs' or 'instances' key"],
    [
      '{"instances":[1],"inputs":[1]}',
      "JSON Value: {\"instances\":[1],\"inputs\":[1]} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    ],
    ['{"instances":3}', "JSON Value: {\"instances\":3} Expecting 'instances' to be an list/array"],
    ['{"instances":[]}', "JSON Value: {\"instances\":[]} No values in 'instances' array"],
    [
      '{"signature_name":1,"instances":[1]}',
      'JSON Value: {"signature_name":1,"instances":[1]} not formatted correctly. \'signature_name\' key must be a string value.',
    ],
    [
      '{"signature_name":"x","instances":[1]}',
      'Serving signature name: "x" not found in signature def',
    ],
    [
      '{"inputs":[[1,2],[3]]}',
      "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    ],
    [
      '{"inputs":[[1,2],[3,"x",4]]}',
      "Encountered list at unexpected size: 3 at level: 1 expected size: 2",
    ],
    ['{"inputs":[1,[2]]}', "Encountered list at unexpected level: 1 expected < 1"],
    [
      '{"inputs":[[1],2]}',
      "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
    ],
    ['{"inputs":["a"]}', 'JSON Value: "a" Type: String is not of expected type: float'],
    ['{"inputs":[null]}', "JSON Value: null Type: Null is not of expected type: float"],
    ['{"inputs":{"y":[1]}}', "Missing named input: x in 'inputs' object."],
  ])("%s", (text, problem) => {
    expect(problemOf(text, single("float32"))).toBe(`INVALID_ARGUMENT ${problem}`);
  });

  it.each([
    ["int32", "1.0", "JSON Value: 1.0 Type: Number is not of expected type: int32"],
    ["int32", "1e0", "JSON Value: 1.0 Type: Number is not of expected type: int32"],
    ["int32", "2147483648", "JSON Value: 2147483648 Type: Number is not of expected type: int32"],
    ["int32", "NaN", "JSON Value: NaN Type: Number is not of expected type: int32"],
    ["uint32", "-1", "JSON Value: -1 Type: Number is not of expected type: uint32"],
    ["int64", "1.5", "JSON Value: 1.5 Type: Number is not of expected type: int64"],
    [
      "int64",
      "9223372036854775808",
      "JSON Value: 9223372036854775808 Type: Number is not of expected type: int64",
    ],
    ["uint64", "-1", "JSON Value: -1 Type: Number is not of expected type: uint64"],
    ["bool", "-0", "JSON Value: 0 Type: Number is not of expected type: bool"],
    ["bool", "1", "JSON Value: 1 Type: Number is not of expected type: bool"],
    ["string", "1", "JSON Value: 1 Type: Number is not of expected type: string"],
    [
      "float32",
      '{"b64":"aGk="}',
      'JSON Value: {"b64":"aGk="} Type: Object is not of expected type: float',
    ],
    ["string", '{"b64":"a-_="}', "Unable to base64 decode"],
    ["string", '{"b64":"aaaaa"}', "Unable to base64 decode"],
    [
      "int64",
      "18446744073709551616",
      "JSON Value: 18446744073709552000.0 Type: Number is not of expected type: int64",
    ],
    [
      "uint64",
      "-9223372036854775809",
      "JSON Value: -9223372036854776000.0 Type: Number is not of expected type: uint64",
    ],
    ["int32", "1e39", "JSON Value: 1e39 Type: Number is not of expected type: int32"],
    ["int32", "0.1", "JSON Value: 0.1 Type: Number is not of expected type: int32"],
    ["int32", "-0.0", "JSON Value: -0.0 Type: Number is not of expected type: int32"],
    ["int32", "1.25e-7", "JSON Value: 1.25e-7 Type: Number is not of expected type: int32"],
  ] as const)("%s refuses %s", (dtype, value, problem) => {
    expect(problemOf(`{"inputs":[${value}]}`, single(dtype))).toBe(`INVALID_ARGUMENT ${problem}`);
  });

  it("is UNIMPLEMENTED for a dtype that has no form in JSON", () => {
    expect(problemOf('{"inputs":[1]}', single("float16"))).toBe(
      "UNIMPLEMENTED Conversion of JSON Value: 1 to type: half",
    );
  });

  it.each([
    ['{"instances":[[1,2],[3]]}', element("1", "Expecting tensor size: 2 but got: 1")],
    ['{"instances":[[[1],[2]],[[1,2]]]}', element("1", "Expecting shape [2,1] but got: [1,2]")],
    [
      '{"instances":[[1,[2]]]}',
      element("0", "Encountered list at unexpected level: 1 expected < 1"),
    ],
    [
      '{"instances":[1,"x"]}',
      element("1", 'JSON Value: "x" Type: String is not of expected type: float'),
    ],
    ['{"instances":[{"x":1},{"x":[1]}]}', element("1 key: x", "Expecting shape [] but got: [1]")],
    ['{"instances":[{"x":1,"x":1}]}', element("0 key: x", "JSON object: repeats named input: x")],
    [
      '{"instances":[{"x":1,"y":1}]}',
      element("0 key: y", "JSON object: does not have named input: y"),
    ],
    [
      '{"instances":[{"x":1},2]}',
      "INVALID_ARGUMENT Expecting object but got list at item 1 of input list",
    ],
    [
      '{"instances":[2,{"x":1}]}',
      "INVALID_ARGUMENT Expecting value/list but got object at item 1 of input list",
    ],
    [
      '{"instances":[{}]}',
      "INVALID_ARGUMENT Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal to: x",
    ],
  ])("%s", (text, problem) => {
    expect(problemOf(text, single("float32"))).toBe(problem);
  });

  it.each([
    [
      '{"instances":[1]}',
      "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map",
    ],
    [
      '{"inputs":[1]}',
      "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map",
    ],
    ['{"inputs":{"a":[1]}}', "Missing named input: b in 'inputs' object."],
    [
      '{"instances":[{"a":1}]}',
      "Failed to process element: 0 of 'instances' list. JSON object: {\"a\":1} keys must be equal to: a,b",
    ],
  ])("with several inputs: %s", (text, problem) => {
    expect(problemOf(text, two)).toBe(`INVALID_ARGUMENT ${problem}`);
  });

  it("shows at most 200 characters of what was sent", () => {
    expect(
      problemOf(`{"instances":"${"x".repeat(10_000)}"}`, single("float32")).length,
    ).toBeLessThan(300);
  });

  it("are not looked for in more than 64 KiB: rejecting costs no more than reading", () => {
    const long = "1,".repeat(40_000);
    expect(problemOf(`{"inputs":[${long}"x"]}`, single("float32"))).toContain("65536 bytes");
    const named = `{"signature_name":"none","inputs":[${long}1]}`;
    expect(() => decodePredict(Buffer.from(named), () => undefined)).toThrow(
      expect.objectContaining({ reason: "SIGNATURE_NOT_FOUND" }),
    );
  });

  it("takes the memory of elements before they are made, and only what they need", () => {
    const strings = `{"inputs":[${'"",'.repeat(9_999)}""]}`;
    const decoded = (body: string, bytes: number, dtype: DType) => {
      const memory = limitedMemory(bytes);
      decodePredict(Buffer.from(body), () => single(dtype), memory);
      return memory.taken;
    };
    expect(() => decoded(strings, 1_000_000, "string")).toThrow("more than 1000000 bytes");
    expect(decoded(strings, 2_000_000, "string")).toBeGreaterThan(1_280_000);
    const numbers = `{"inputs":[${"1,".repeat(99_999)}1]}`;
    for (const dtype of ["float64", "int64"] as const) {
      expect(decoded(numbers, 900_000, dtype)).toBeLessThan(5 * numbers.length);
    }
  });

  it("reads a ragged body of 64 levels in one pass", () => {
    const timeOf = (levels: number) => {
      const deep = `${"[".repeat(levels)}${"1,".repeat(30_000)}"x"${"]".repeat(levels)}`;
      const startedAt = performance.now();
      const problem = problemOf(`{"inputs":${deep}}`, single("float32"));
      const took = performance.now() - startedAt;
      expect(problem).toContain("is not of expected type");
      return took;
    };
    const quickest = (levels: number) =>
      Math.min(...Array.from({ length: 5 }, () => timeOf(levels)));
    // A pass for each level would take 31 times as long.
    expect(quickest(62)).toBeLessThan(10 * quickest(2));
  });
});

describe("against JSON.parse", () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  const token = fc.oneof(
    number.map(String),
    fc
      .tuple(fc.double({ noNaN: true, min: -1e30, max: 1e30 }), fc.integer({ min: 1, max: 21 }))
      .map(([value, digits]) => value.toPrecision(digits)),
    fc
      .tuple(fc.double({ noNaN: true, min: -1, max: 1 }), fc.integer({ min: 1, max: 20 }))
      .map(([value, digits]) => value.toFixed(digits)),
  );
  const space = fc.constantFrom("", "", "", " ", "\n  ");
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }))
    .chain(([rows, columns]) =>
      fc.tuple(
        fc.constant([rows, columns]),
        fc.array(fc.tuple(space, token), { minLength: rows * columns, maxLength: rows * columns }),
      ),
    );

  it("reads every number as the double that JSON.parse gives", () => {
    fc.assert(
      fc.property(matrix, ([[rows = 0, columns = 0], tokens]) => {
        const lines = Array.from({ length: rows }, (_, row) =>
          tokens
            .slice(row * columns, (row + 1) * columns)
            .map(([gap, text]) => gap + text)
            .join(","),
        );
        const text = `{"instances":[[${lines.join("],[")}]]}`;
        const { shape, data } = tensorOf(text, "float64");
        expect(shape).toEqual([rows, columns]);
        expect(Array.from(data as Float64Array)).toEqual(JSON.parse(text).instances.flat());
      }),
      { numRuns: 500 },
    );
  });

  it("reads regular lists of any depth, and rejects all others with the slow reader's words", () => {
    const lists = fc.letrec((tie) => ({
      list: fc.oneof(
        { maxDepth: 3 },
        fc.integer({ min: 0, max: 99 }),
        fc.array(tie("list"), { maxLength: 3 }),
      ),
    })).list;
    const regular = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }).map((shape) => {
      let next = 0;
      const make = ([size, ...inner]: number[]): unknown =>
        size === undefined ? next++ : Array.from({ length: size }, () => make(inner));
      return make(shape);
    });
    const gaps = fc.constantFrom(0, 1);
    fc.assert(
      fc.property(fc.oneof(lists, regular), gaps, (value, gap) => {
        const text = `{"inputs":${gap ? JSON.stringify(value).replaceAll(",", ", ") : JSON.stringify(value)}}`;
        let read: Tensor | undefined;
        try {
          read = tensorOf(text, "float32");
        } catch (error) {
          expect(() =>
            explainPredict(terminated(Buffer.from(text)), () => single("float32")),
          ).toThrow((error as Error).message);
        }
        const shape: number[] = [];
        for (let v = value; Array.isArray(v); v = v[0]) shape.push(v.length);
        const fits = (v: unknown, [size, ...inner]: number[]): boolean =>
          size === undefined
            ? typeof v === "number"
            : Array.isArray(v) && v.length === size && v.every((item) => fits(item, inner));
        expect(read !== undefined).toBe(fits(value, shape));
        if (read === undefined) return;
        expect(read.shape).toEqual(shape);
        expect(Array.from(read.data as Float32Array)).toEqual([value].flat(9));
      }),
      { numRuns: 1_000 },
    );
  });

  it("keeps order and values over many chunks", () => {
    const values = Array.from({ length: 20_000 }, (_, i) => i / 8);
    for (const dtype of ["float32", "float64"] as const) {
      const { data } = tensorOf(JSON.stringify({ inputs: values }), dtype);
      expect(Array.from(data as Float32Array)).toEqual(values);
    }
  });

  it("accepts and rejects what JSON.parse does, and the slow reader agrees with the fast one", () => {
    const dtype = fc.constantFrom<DType>("float32", "int32", "int64", "bool", "string");
    const texts = fc
      .json({ maxDepth: 4 })
      .chain((json) =>
        fc.tuple(
          fc.constant(json),
          fc.nat(),
          fc.constantFrom("", ",", "[", "]", "}", '"', "0", " "),
        ),
      )
      .map(([json, at, noise]) => {
        const text = `{"instances":[${json},${json}]}`;
        return noise === ""
          ? text
          : text.slice(0, at % text.length) + noise + text.slice((at % text.length) + 1);
      });
    fc.assert(
      fc.property(texts, dtype, (text, type) => {
        const known = (name: string | undefined) => (name === undefined ? single(type) : undefined);
        let problem: unknown;
        try {
          decodePredict(Buffer.from(text), known);
        } catch (error) {
          problem = error;
        }
        let explained: unknown;
        try {
          explainPredict(terminated(Buffer.from(text)), known);
        } catch (error) {
          explained = error;
        }
        expect((problem as Error)?.message).toBe((explained as Error)?.message);
        // What follows the object is ignored here, so only one direction holds.
        const isSyntax = (problem as { reason?: string } | undefined)?.reason === "JSON_INVALID";
        if (isSyntax && !/surrogate|too big|deeper/.test((problem as Error).message)) {
          expect(() => JSON.parse(text)).toThrow();
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
