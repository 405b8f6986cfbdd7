import { type Tensors, tensor } from "@serving-kit/inference";
import fc from "fast-check";
import { expect, it } from "vitest";
import { tensorsOf } from "./body-to-tensors.js";
import { isRefusal, refusalOf } from "./refusal.js";
import { bodyOf } from "./tensors-to-body.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const body = (inputs: Tensors, signature = "serving_default") =>
  bodyOf(inputs, signature).toString();
const read = (text: string, inputs: Tensors = {}) => ({ ...tensorsOf(bytes(text), inputs) });

it.each<[string, Tensors, string]>([
  [
    "one input: rows",
    { x: tensor("float32", [2, 2], [1, 2.5, -0, 1e30]) },
    '{"instances":[[1.0,2.5],[-0.0,1.0000000150474662e+30]]}',
  ],
  [
    "a vector: rows",
    { x: tensor("int64", [2], [1n, -(2n ** 63n)]) },
    '{"instances":[1,-9223372036854775808]}',
  ],
  [
    "several inputs: rows by name",
    { a: tensor("bool", [1], [true]), 'b"': tensor("string", [1], ["é\n"]) },
    '{"instances":[{"a":true,"b\\"":"é\\n"}]}',
  ],
  [
    "other rows: columns",
    { a: tensor("uint8", [1], [7]), b: tensor("uint8", [2], [8, 9]) },
    '{"inputs":{"a":[7],"b":[8,9]}}',
  ],
  ["a scalar: columns", { x: tensor("float64", [], [Number.NaN]) }, '{"inputs":NaN}'],
  [
    "bytes that are not text",
    { x: tensor("string", [1], [Uint8Array.of(255)]) },
    '{"instances":[{"b64":"/w=="}]}',
  ],
  [
    "half floats",
    { x: tensor("float16", [3], [1.5, Number.NEGATIVE_INFINITY, 6e-8]) },
    '{"instances":[1.5,-Infinity,5.960464477539063e-8]}',
  ],
  ["no rows", { x: tensor("float32", [0, 3], []) }, '{"instances":[]}'],
  ["an empty extent", { x: tensor("float32", [2, 0], []) }, '{"instances":[[],[]]}'],
])("tensors to a body: %s", (_, inputs, expected) => {
  expect(body(inputs)).toBe(expected);
});

it("the signature's name is in the body unless it is the default", () => {
  expect(body({ x: tensor("uint8", [1], [1]) }, "other")).toBe(
    '{"signature_name":"other","instances":[1]}',
  );
});

it.each<[string, string, Tensors]>([
  [
    "floats",
    '{"predictions": [[0.5, 1], [2.0, 3]]}',
    { predictions: tensor("float32", [2, 2], [0.5, 1, 2, 3]) },
  ],
  [
    "integers",
    '{"predictions": [1, 9007199254740993]}',
    { predictions: tensor("int64", [2], [1n, 9007199254740993n]) },
  ],
  [
    "rows by name",
    '{"predictions": [{"a": 1.5, "b": "x"}, {"b": "y", "a": 2.0}]}',
    { a: tensor("float32", [2], [1.5, 2]), b: tensor("string", [2], ["x", "y"]) },
  ],
  [
    "columns",
    '{"outputs": {"a": [true], "b": [{"b64": "/w=="}]}}',
    { a: tensor("bool", [1], [true]), b: tensor("string", [1], [Uint8Array.of(255)]) },
  ],
  ["one column", '{"outputs": [1.0]}', { outputs: tensor("float32", [1], [1]) }],
  [
    "what Python writes and JSON has not",
    '{"predictions": [NaN, -Infinity, 1e-3]}',
    { predictions: tensor("float32", [3], [Number.NaN, Number.NEGATIVE_INFINITY, 1e-3]) },
  ],
  [
    "strings that look like numbers",
    '{"predictions": ["1.5", "\\"2", "NaN"]}',
    { predictions: tensor("string", [3], ["1.5", '"2', "NaN"]) },
  ],
  ["nothing", '{"predictions": []}', { predictions: tensor("float32", [0], []) }],
])("a body to tensors: %s", (_, text, expected) => {
  expect(read(text)).toEqual(expected);
});

it("floats are float64 if the request has some", () => {
  const inputs = { x: tensor("float64", [1], [0.1]) };
  expect(read('{"predictions": [0.1]}', inputs)).toEqual({
    predictions: tensor("float64", [1], [0.1]),
  });
});

it.each([
  "",
  "[]",
  "7",
  '{"other": 1}',
  '{"predictions": [1, "a"]}',
  '{"predictions": [null]}',
  '{"predictions": [[1], [1, 2]]}',
  '{"predictions": [{"a": 1}, {}]}',
  '{"predictions": [18446744073709551616]}',
])("%s is INTERNAL", (text) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: "INTERNAL", reason: "OUTPUT_INVALID" }),
  );
});

it("what a model that echoes gets and answers is the same tensor", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(shapes, fc.infiniteStream(fc.float({ noNaN: false })), (shape, values) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      const x = tensor("float32", shape, Float32Array.from([...values.take(count)]));
      const { instances } = /^\{"instances":(?<instances>.*)\}$/s.exec(body({ x }))?.groups ?? {};
      expect(read(`{"predictions": ${instances}}`)).toEqual({ predictions: x });
    }),
  );
});

it("a refusal is an object whose first key is error", () => {
  expect(['{"error": "x"}', ' {\n"error" :1}'].map((text) => isRefusal(bytes(text)))).toEqual([
    true,
    true,
  ]);
  expect(
    ['{"predictions": "error"}', '["error"]', "", '{"errors": 1}'].some((text) =>
      isRefusal(bytes(text)),
    ),
  ).toBe(false);
  expect(refusalOf(bytes('{"error": "no such word"}'))).toBe("no such word");
  expect(refusalOf(bytes('{"error": {"code": 7}}'))).toBe('{"code":7}');
  expect(refusalOf(bytes('{"error": '))).toBe('{"error": ');
});
