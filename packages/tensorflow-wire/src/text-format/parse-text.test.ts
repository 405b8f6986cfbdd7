import protobuf from "protobufjs/light.js";
import { describe, expect, it } from "vitest";
import { parseText } from "./parse-text.js";
import { TextFormatError } from "./text-format-error.js";

const scalars = [
  ...["double", "float", "int32", "uint32", "int64", "uint64", "sint32", "fixed64"],
  ...["sfixed32", "bool", "string", "bytes"],
].map((type, index) => [type, { type, id: index + 1 }]);

const root = protobuf.Root.fromJSON({
  nested: {
    google: {
      nested: {
        protobuf: {
          nested: {
            Any: {
              fields: { type_url: { type: "string", id: 1 }, value: { type: "bytes", id: 2 } },
            },
          },
        },
      },
    },
    E: { values: { A: 0, B: 1 } },
    M: {
      oneofs: { either: { oneof: ["left", "right"] } },
      fields: {
        ...Object.fromEntries(scalars),
        someEnum: { type: "E", id: 20 },
        m: { type: "M", id: 21 },
        any: { type: "google.protobuf.Any", id: 22 },
        many: { rule: "repeated", type: "M", id: 23 },
        texts: { rule: "repeated", type: "string", id: 24 },
        left: { type: "int32", id: 25 },
        right: { type: "int32", id: 26 },
        names: { keyType: "string", type: "string", id: 30 },
        numbers: { keyType: "int64", type: "E", id: 31 },
        messages: { keyType: "bool", type: "M", id: 32 },
      },
    },
  },
}).resolveAll();
const type = root.lookupType("M");

const parse = (text: string) =>
  parseText(type, text, { isSkipped: (_, field) => field === "unused" });

describe("parseText reads", () => {
  it.each<[text: string, message: object]>([
    ["", {}],
    ["# a comment\r\nint32: 1 # another", { int32: 1 }],
    ["int32: 1, uint32: 2; bool: t", { int32: 1, uint32: 2, bool: true }],
    ["int32: -0x1F uint32: 017 sint32: - 5", { int32: -31, uint32: 15, sint32: -5 }],
    ["int32: -2147483648 uint32: 4294967295", { int32: -2147483648, uint32: 4294967295 }],
    [
      "int64: -9223372036854775808 uint64: 0xFFFFFFFFFFFFFFFF fixed64: 00",
      { int64: "-9223372036854775808", uint64: "18446744073709551615", fixed64: "0" },
    ],
    ["double: 1.5e3f float: -.5", { double: 1500, float: -0.5 }],
    ["double: -inf float: NaN", { double: Number.NEGATIVE_INFINITY, float: Number.NaN }],
    ["bool: True", { bool: true }],
    ["bool: 0", { bool: false }],
    ["some_enum: B", { someEnum: 1 }],
    ["someEnum: -7", { someEnum: -7 }],
    [`string: "a" 'b'\n"c"`, { string: "abc" }],
    [`string: '\\'\\"\\n\\101\\x42\\303\\251\\u00e9\\U0001F600é'`, { string: "'\"\nABéé😀é" }],
    [`bytes: "\\377\\000\\xfe"`, { bytes: Buffer.from([255, 0, 254]) }],
    ["m { int32: 1 m: < > }", { m: { int32: 1, m: {} } }],
    ["many [{}, <int32: 1>] many {}", { many: [{}, { int32: 1 }, {}] }],
    [`texts: ["a", 'b' "c"] texts: []`, { texts: ["a", "bc"] }],
    ["names { key: 'a' value: 'b' } names [{}]", { names: { a: "b", "": "" } }],
    ["numbers { key: 010 value: B } numbers { }", { numbers: { 8: 1, 0: 0 } }],
    ["messages { value { int32: 1 } key: true }", { messages: { true: { int32: 1 } } }],
    ["unused: 'a' 'b' unused { x: {} } unused: -1 unused [[]] int32: 1", { int32: 1 }],
  ])("%s", (text, message) => {
    expect(parse(text)).toEqual(message);
  });

  it("the message of an Any", () => {
    const { any } = parse("any { [type.googleapis.com/M] { int64: -2 } }") as {
      any: { type_url: string; value: Uint8Array };
    };
    expect(any.type_url).toBe("type.googleapis.com/M");
    expect(String((type.decode(any.value) as unknown as { int64: unknown }).int64)).toBe("-2");
  });

  it("64-bit integers as `toLong` converts them", () => {
    const toLong = (digits: string, isUnsigned: boolean) => [BigInt(digits), isUnsigned];
    expect(parseText(type, "int64: 1 uint64: 2", { toLong })).toEqual({
      int64: [1n, false],
      uint64: [2n, true],
    });
  });

  it("keys named as properties of objects, as own properties", () => {
    const { names } = parse("names { key: '__proto__' value: 'a' } names { key: 'constructor' }");
    expect(Object.entries(names as object)).toEqual([
      ["__proto__", "a"],
      ["constructor", ""],
    ]);
    expect(Object.getPrototypeOf(names)).toBe(Object.prototype);
  });
});

describe("parseText rejects", () => {
  it.each([
    ["\nint32: 1\n  intt: 2", ".M: unknown field 'intt' (line 3)"],
    ["__proto__: 1", ".M: unknown field '__proto__' (line 1)"],
    ["[a.b]: 1", ".M: unknown extension 'a.b' (line 1)"],
    ["any { [a/N] {} }", "no such type: N (line 1)"],
    ["'a': 1", "illegal field name ''' (line 1)"],
    ["m {", "expected '}' (line 1)"],
    ["m <\n}", "illegal field name '}' (line 2)"],
    ["int32 1", "expected ':' (line 1)"],
    ["int32: 1,,", "unexpected separator (line 1)"],
    ["int32: [1]", ".M.int32: list value specified for singular field (line 1)"],
    ["int32: 1\nint32: 1", ".M.int32: multiple values (line 2)"],
    ["left: 1\nright: 1", "either: multiple values (line 2)"],
    ["int32: 2147483648", "integer value out of range (line 1)"],
    [`uint64: ${"9".repeat(1_000_000)}`, "unsigned integer value out of range (line 1)"],
    ["uint32: -1", "unsigned integer value expected (line 1)"],
    ["int32: 1.0", "integer value expected (line 1)"],
    ["int32: 09", "illegal number '09' (line 1)"],
    ["double: 0x1", "float value expected (line 1)"],
    ["bool: 2", "bool value expected (line 1)"],
    ["someEnum: constructor", ".M.someEnum: enum value expected (line 1)"],
    ["string: 1", "expected string (line 1)"],
    ["string: 'a\n'", "illegal string (line 1)"],
    ["string: 'a\\", "unterminated string (line 1)"],
    ["string: '\\q'", "illegal string escape '\\q' (line 1)"],
    ["string: '\\ud800'", "illegal string escape '\\u' (line 1)"],
    ["string: '\\xff'", "invalid UTF-8 string (line 1)"],
    ["int32:\u00a01", "illegal character '\u00a0' (line 1)"],
    ["names { other: 1 }", "unknown map field 'other' (line 1)"],
    ["unused: }", "expected value (line 1)"],
    ["m {".repeat(101), "max depth exceeded (line 1)"],
    ["messages { value {".repeat(51), "max depth exceeded (line 1)"],
    [`unused: ${"{".repeat(101)}`, "max depth exceeded (line 1)"],
  ])("%.40j", (text, message) => {
    expect(() => parse(text)).toThrow(TextFormatError);
    expect(() => parse(text)).toThrow(message);
  });
});
