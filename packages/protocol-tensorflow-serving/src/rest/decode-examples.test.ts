import { UNLIMITED_MEMORY } from "@serving-kit/inference";
import { limitedMemory } from "@serving-kit/testing";
import protobuf from "protobufjs/light.js";
import { describe, expect, it } from "vitest";
import { decodeExamples } from "./decode-examples.js";

// Names and numbers of TensorFlow's example.proto and feature.proto: the judge of our encoder.
const list = (type: string) => ({ fields: { value: { rule: "repeated", type, id: 1 } } });
const schema = {
  nested: {
    // The context and the example are two `features` in a row, which protobuf merges; protobufjs 7 keeps the last one.
    Example: { fields: { features: { rule: "repeated", type: "Features", id: 1 } } },
    Features: { fields: { feature: { keyType: "string", type: "Feature", id: 1 } } },
    Feature: {
      fields: {
        bytesList: { type: "BytesList", id: 1 },
        floatList: { type: "FloatList", id: 2 },
        int64List: { type: "Int64List", id: 3 },
      },
    },
    BytesList: list("bytes"),
    FloatList: list("float"),
    Int64List: list("int64"),
  },
};
const Example = protobuf.Root.fromJSON(schema).lookupType("Example");

const read = (bytes: Uint8Array) => {
  const example = Example.toObject(Example.decode(bytes), { longs: String, bytes: String });
  const features = example.features as { feature?: object }[] | undefined;
  const merged = Object.assign({}, ...(features ?? []).map(({ feature }) => feature));
  return Object.keys(merged).length > 0 ? merged : undefined;
};
function decode(text: string) {
  const { signature, examples } = decodeExamples(Buffer.from(text), UNLIMITED_MEMORY);
  return { signature, examples: examples() };
}

describe("decodeExamples", () => {
  it("lets the form of each value decide its kind", () => {
    const { examples, signature } = decode(
      '{"signature_name":"s","examples":[{"i":[1,-2,9007199254740993],"f":[1.0,2e0,NaN],"b":[true,false],' +
        '"s":"é\\n","bin":{"b64":"/w=="},"none":[]},{}]}',
    );
    expect(signature).toBe("s");
    expect(examples.map(read)).toEqual([
      {
        i: { int64List: { value: ["1", "-2", "9007199254740993"] } },
        f: { floatList: { value: [1, 2, Number.NaN] } },
        b: { int64List: { value: ["1", "0"] } },
        s: { bytesList: { value: [Buffer.from("é\n").toString("base64")] } },
        bin: { bytesList: { value: ["/w=="] } },
        none: {},
      },
      undefined,
    ]);
  });

  it("accepts a number of any size: beyond 64 bits it is a float", () => {
    const { examples } = decode('{"examples":[{"f":[1e39,-1e300,18446744073709551616]}]}');
    expect(examples.map(read)).toEqual([
      { f: { floatList: { value: [Infinity, -Infinity, 2 ** 64] } } },
    ]);
  });

  it("rejects a context that would exhaust memory when merged into its many examples", () => {
    const context = `{"c":"${"x".repeat(2 ** 20)}"}`;
    const examples = (count: number) => `[${"{},".repeat(count - 1)}{}]`;
    expect(decode(`{"context":${context},"examples":${examples(60)}}`).examples).toHaveLength(60);
    const body = Buffer.from(`{"context":${context},"examples":${examples(3_000)}}`);
    const memory = limitedMemory(64 * 2 ** 20);
    expect(() => decodeExamples(body, memory).examples()).toThrow(
      expect.objectContaining({ reason: "REQUEST_TOO_COSTLY" }),
    );
  });

  it("merges the context into each example", () => {
    const { examples } = decode('{"context":{"c":"x"},"examples":[{"a":1},{"a":2}]}');
    expect(examples.map((bytes) => Object.keys(read(bytes)).sort())).toEqual([
      ["a", "c"],
      ["a", "c"],
    ]);
  });

  it.each([
    ["{}", "JSON Value: {} When method is classify, key 'examples' is expected and was not found"],
    [
      '{"examples":{}}',
      "JSON Value: {\"examples\":{}} Expecting 'examples' value to be an list/array",
    ],
    ['{"examples":[ ]}', "JSON Value: {\"examples\":[ ]} 'examples' value is an empty array"],
    ['{"examples":[1]}', "Example must be JSON object but got JSON Number"],
    ['{"context":[],"examples":[{}]}', "Example must be JSON object but got JSON Array"],
    ['{"examples":[{"a":null}]}', "Feature: a has element with unexpected JSON type: Null"],
    ['{"examples":[{"a":[[1]]}]}', "Feature: a has element with unexpected JSON type: Array"],
    ['{"examples":[{"a":{"x":1}}]}', "Feature: a has element with unexpected JSON type: Object"],
    ['{"examples":[{"a":[1,1.0]}]}', "Unexpected element type in feature: a expecting type: int64"],
    ['{"examples":[{"a":["x",1]}]}', "Unexpected element type in feature: a expecting type: bytes"],
    [
      '{"examples":[{"a":9223372036854775808}]}',
      "Feature: a has uint64_t element. Only int64_t is supported.",
    ],
    ['{"examples":[{"a":{"b64":"*"}}]}', "Unable to base64 decode"],
    [
      '{"signature_name":1,"examples":[{}]}',
      'JSON Value: {"signature_name":1,"examples":[{}]} not formatted correctly. \'signature_name\' key must be a string value.',
    ],
    ['{"examples":[{', "JSON Parse error: Missing a name for object member. at offset: 14"],
  ])("refuses %s", (text, message) => {
    expect(() => decode(text)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });
});
