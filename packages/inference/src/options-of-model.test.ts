import { expect, it } from "vitest";
import { optionsOfModel, ownOptions } from "./options-of-model.js";

interface Options {
  readonly threads?: number | undefined;
  readonly file?: string | undefined;
}

it("replaces the platform's options by those of the model that are set", () => {
  const options: Options = { threads: 2, file: "a" };
  expect(optionsOfModel(options, undefined, () => {})).toEqual({ threads: 2, file: "a" });
  const own: Options = { threads: undefined, file: "b" };
  expect(optionsOfModel(options, own, () => {})).toEqual({ threads: 2, file: "b" });
});

it("checks the model's options alone", () => {
  const checked: Options[] = [];
  const refuse = (own: Options) => {
    checked.push(own);
    throw new TypeError("option threads must be an integer >= 1");
  };
  expect(() => optionsOfModel({ file: "a" }, { threads: 0 }, refuse)).toThrow("threads");
  expect(checked).toEqual([{ threads: 0 }]);
});

it("finds the model's own options by the platform, and its warm-up", () => {
  expect(ownOptions(undefined, "some")).toEqual({});
  expect(ownOptions({ some: { threads: 2, warmup: true }, other: {} }, "some")).toEqual({
    threads: 2,
    warmup: true,
  });
  const own = { some: { warmup: true }, warmUp: { enabled: false } };
  expect(ownOptions(own, "some")).toEqual({ warmup: false });
});
