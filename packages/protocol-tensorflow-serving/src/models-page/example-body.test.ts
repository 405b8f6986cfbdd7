import type { Signature, TensorSpec } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { exampleBody } from "./example-body.js";

const signature = (inputs: Record<string, TensorSpec>): Signature => ({
  inputs: new Map(Object.entries(inputs)),
  outputs: new Map(),
});

const bodyOf = (inputs: Record<string, TensorSpec>, name = "serving_default") =>
  exampleBody(new Map([[name, signature(inputs)]]));

describe("exampleBody", () => {
  it.each<[TensorSpec, string]>([
    [{ dtype: "float32", shape: [-1, 3] }, "[[0,0,0]]"],
    [{ dtype: "bool", shape: [2] }, "[false,false]"],
    [{ dtype: "string", shape: [-1] }, '[""]'],
    [{ dtype: "int64", shape: null }, "0"],
    [{ dtype: "int32", shape: [2, 0] }, "[[],[]]"],
  ])("writes zeros for %j: %s", (spec, zeros) => {
    expect(bodyOf({ x: spec })).toBe(`{"inputs":{"x":${zeros}}}`);
  });

  it("names the signature unless it is the default one, and leaves optional inputs out", () => {
    const x: TensorSpec = { dtype: "float32", shape: [] };
    const body = bodyOf({ x, y: { ...x, isOptional: true } }, "score");
    expect(body).toBe('{"signature_name":"score","inputs":{"x":0}}');
    const both = new Map([
      ["other", signature({ y: x })],
      ["serving_default", signature({ x })],
    ]);
    expect(exampleBody(both)).toBe('{"inputs":{"x":0}}');
  });

  it.each<[string, TensorSpec]>([
    ["a dtype without a form in JSON", { dtype: "complex64", shape: [1] }],
    ["a long body", { dtype: "float32", shape: [224, 224, 3] }],
    ["a shape that would fill the memory", { dtype: "float32", shape: [2 ** 31, 0] }],
  ])("is undefined for %s", (_, spec) => {
    expect(bodyOf({ x: spec })).toBeUndefined();
  });

  it("is undefined without a signature", () => {
    expect(exampleBody(new Map())).toBeUndefined();
  });
});
