import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readExample } from "../src/examples/read-example.js";
import { encodeExample, type FeatureMessage, floats, int64s, texts } from "./example-messages.js";

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const feature = fc.oneof(
  fc.array(fc.float({ noNaN: true }), { maxLength: 9 }).map((values) => ({
    message: floats(...values),
    read: { dtype: "float32", values },
  })),
  fc.array(int64, { maxLength: 9 }).map((values) => ({
    message: int64s(...values.map(String)),
    read: { dtype: "int64", values },
  })),
  fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 9 }).map((values) => ({
    message: { bytesList: { value: values } } satisfies FeatureMessage,
    read: { dtype: "string", values },
  })),
);
const key = fc.string({ minLength: 1, maxLength: 3 }).filter((key) => key !== "__proto__");
const latin1 = (key: string) => Buffer.from(key).toString("latin1");

describe("readExample", () => {
  it("reads what protobuf.js encodes, of the keys that are wanted", () => {
    fc.assert(
      fc.property(fc.dictionary(key, feature), fc.array(key), (features, others) => {
        const names = Object.keys(features);
        const messages = names.map((name) => [name, features[name]?.message ?? {}] as const);
        const bytes = encodeExample(Object.fromEntries(messages));
        const wanted = [...names.filter((_, i) => i % 2 === 0), ...others];
        const read = readExample(bytes, new Set(wanted.map(latin1)));
        expect(read).toEqual(
          new Map(
            names
              .filter((name) => wanted.includes(name))
              .map((name) => [latin1(name), features[name]?.read]),
          ),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("merges messages one after another: the last entry of a key counts", () => {
    const parts = [{ a: floats(1), b: int64s(1) }, { a: texts("x") }].map(encodeExample);
    const read = readExample(Buffer.concat(parts), new Set(["a", "b"]));
    expect([read.get("a")?.dtype, read.get("b")?.dtype]).toEqual(["string", "int64"]);
  });

  it("reads values that are not packed", () => {
    const float = [0x0d, 0, 0, 0x80, 0x3f]; // value: 1.0
    const feature = [0x12, float.length * 2, ...float, ...float];
    const entry = [0x0a, 1, 0x61, 0x12, feature.length, ...feature];
    const features = [0x0a, entry.length, ...entry];
    const bytes = Uint8Array.of(0x0a, features.length, ...features);
    expect(readExample(bytes, new Set(["a"])).get("a")?.values).toEqual([1, 1]);
  });

  it("accepts a feature without values of any kind as absent", () => {
    expect(readExample(encodeExample({ a: {} }), new Set(["a"])).size).toBe(0);
    expect(readExample(new Uint8Array(), new Set(["a"])).size).toBe(0);
  });

  it("parses or rejects any bytes", () => {
    const original = encodeExample({ a: floats(1, 2), b: int64s(3, -4), c: texts("x", "yz") });
    const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Uint8Array.from(original);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readExample(bytes, new Set(["a", "b", "c"]));
        } catch (error) {
          expect(["RangeError", "ServingError"]).toContain((error as Error).name);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
