import { describe, expect, it } from "vitest";
import { checkOptionsOf, optionCheck } from "./option-checks.js";

const { count, boolean, path, oneOf, listOf } = optionCheck;
const checks = {
  threads: count,
  warmup: boolean,
  library: path,
  execution: oneOf(["inline", "thread"]),
  files: listOf("an array of paths"),
};
type Options = { readonly [K in keyof typeof checks]?: unknown };
const check = (options: Options) => checkOptionsOf<Options>("some", checks, options);

describe("checkOptionsOf", () => {
  it.each<[Options]>([
    [{}],
    [{ threads: undefined, warmup: undefined }],
    [{ threads: 1, warmup: false, library: "/lib", execution: "thread", files: ["a"] }],
    [{ files: [] }],
  ])("accepts %j", (options) => check(options));

  it.each<[Options, string]>([
    [{ threads: 0 }, "option threads of some must be an integer >= 1; got 0"],
    [{ threads: Number.NaN }, "option threads of some must be an integer >= 1; got NaN"],
    [{ threads: null }, "option threads of some must be an integer >= 1; got null"],
    [{ warmup: "no" }, 'option warmup of some must be true or false; got "no"'],
    [{ library: "" }, 'option library of some must be a path; got ""'],
    [{ execution: "auto" }, 'option execution of some must be inline or thread; got "auto"'],
    [{ files: [""] }, 'option files of some must be an array of paths; got [""]'],
    [
      { toString: 1 } as Options,
      "option toString of some is unknown; expected one of threads, warmup, library, execution, files",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => check(options)).toThrow(new TypeError(message));
  });
});
