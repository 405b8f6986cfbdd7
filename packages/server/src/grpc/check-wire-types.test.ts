import { WireReader } from "@serving-kit/tensorflow-wire";
import { describe, expect, it } from "vitest";
import { checkWireTypes } from "./check-wire-types.js";
import { codecOf, schemaOf } from "./schema.js";

const schema = schemaOf([
  `syntax = "proto3"; package a; enum E { X = 0; }
  message M { string s = 1; repeated int32 n = 2; M m = 3; E e = 4; double d = 5; map<string, M> map = 6; }`,
]);
const type = schema.lookupType("a.M");
const check = (...bytes: number[]) => checkWireTypes(new WireReader(Uint8Array.from(bytes)), type);

describe("checkWireTypes", () => {
  it.each([
    ["packed and unpacked numbers, enums and nested messages", [18, 1, 1, 16, 1, 26, 2, 32, 0]],
    ["unknown fields of any wire type", [120, 1, 122, 1, 1]],
    ["maps", [50, 6, 10, 1, 97, 18, 1, 8]],
  ])("accepts %s", (_, bytes) => {
    expect(() => check(...bytes)).not.toThrow();
  });

  it.each([
    ["s", 0, [8, 3]],
    ["m", 0, [24, 1]],
    ["e", 2, [34, 1, 0]],
    ["d", 5, [45, 0, 0, 0, 0]],
    ["s", 0, [26, 2, 8, 1]],
  ])("refuses field %s with wire type %i", (name, wireType, bytes) => {
    expect(() => check(...bytes)).toThrow(`field "${name}" has wire type ${wireType}`);
    const { decode } = codecOf(schema, "a.M");
    expect(() => decode(Uint8Array.from(bytes))).toThrow(`field "${name}" has wire type`);
  });

  it("comes with a check of lengths: a string must not end after its message", () => {
    const { decode } = codecOf(schema, "a.M");
    expect(() => decode(Buffer.from([10, 100, 97]))).toThrow(
      expect.objectContaining({ reason: "MESSAGE_INVALID" }),
    );
  });
});
