import { describe, expect, it } from "vitest";
import { nearest } from "./flags.js";

const flags = ["model_name", "model_base_path", "rest_api_port", "port"];

describe("nearest", () => {
  it.each([
    ["model_nmae", "model_name"],
    ["model-base-path", "model_base_path"],
    ["restApiPort", "rest_api_port"],
    ["rest_port", "rest_api_port"],
    ["prt", "port"],
    ["port", "port"],
    ["xy", undefined],
    ["", undefined],
    ["something_else_entirely", undefined],
  ])("takes %j for %j", (word, flag) => {
    expect(nearest(word, flags)).toBe(flag);
  });
});
