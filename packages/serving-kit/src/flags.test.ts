import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { decimal, integer, numbers, path, port, text, toggle, word } from "./flag-kinds.js";
import { describeFlags, parseArguments, parseFlags } from "./flags.js";

const table = {
  model_name: text("name", "default", "The name of the model."),
  model_base_path: text("folder", undefined, "Where its versions are."),
  rest_api_port: integer("port", 8501, [0, 65_535], "The port."),
  enable_batching: toggle(false, "Whether to batch."),
};

const fallbacks = {
  model_name: "default",
  model_base_path: undefined,
  rest_api_port: 8501,
  enable_batching: false,
};

describe("parseFlags", () => {
  it.each<[string[], object]>([
    [[], {}],
    [["--model_name=digits"], { model_name: "digits" }],
    [["--model_name", "digits"], { model_name: "digits" }],
    [["--model_base_path=/a=b c"], { model_base_path: "/a=b c" }],
    [["--model_name", "--odd"], { model_name: "--odd" }],
    [["--rest_api_port=0"], { rest_api_port: 0 }],
    [["--rest_api_port", "65535"], { rest_api_port: 65_535 }],
    [["--enable_batching"], { enable_batching: true }],
    [["--enable_batching=TRUE"], { enable_batching: true }],
    [["--enable_batching", "--enable_batching=0"], { enable_batching: false }],
    [["--model_name=a", "--model_name=b"], { model_name: "b" }],
  ])("reads %j", (args, values) => {
    expect(parseFlags(table, args).flags).toEqual({ ...fallbacks, ...values });
  });

  it.each([
    [["--model_nam=x"], "FLAG_UNKNOWN", "unknown flag --model_nam; did you mean --model_name?"],
    [["--rest-api-port=1"], "FLAG_UNKNOWN", "did you mean --rest_api_port?"],
    [["--modelBasePath", "x"], "FLAG_UNKNOWN", "did you mean --model_base_path?"],
    [["--noenable_batching"], "FLAG_UNKNOWN", "did you mean --enable_batching=false?"],
    [["--no-enable-batching"], "FLAG_UNKNOWN", "did you mean --enable_batching=false?"],
    [["--nomodel_name"], "FLAG_UNKNOWN", "did you mean --model_name?"],
    [["--rest_api_port 80"], "FLAG_UNKNOWN", "did you mean --rest_api_port=80?"],
    [["--zzz"], "FLAG_UNKNOWN", "unknown flag --zzz (--help lists all flags)"],
    [["--__proto__=1"], "FLAG_UNKNOWN", "unknown flag --__proto__ (--help"],
    [["--constructor"], "FLAG_UNKNOWN", "unknown flag --constructor (--help"],
    [["-p", "1"], "ARGUMENT_UNEXPECTED", 'unexpected argument "-p"'],
    [["--"], "ARGUMENT_UNEXPECTED", 'unexpected argument "--"'],
    [
      ["--rest_api_port=eighty"],
      "FLAG_INVALID",
      '--rest_api_port: expected an integer from 0 to 65535; got "eighty"',
    ],
    [["--rest_api_port=65536"], "FLAG_INVALID", 'got "65536"'],
    [["--rest_api_port=-1"], "FLAG_INVALID", 'got "-1"'],
    [["--rest_api_port=80.5"], "FLAG_INVALID", 'got "80.5"'],
    [["--rest_api_port=1e3"], "FLAG_INVALID", 'got "1e3"'],
    [["--rest_api_port"], "FLAG_INVALID", "got nothing"],
    [["--model_name="], "FLAG_INVALID", 'expected a non-empty string; got ""'],
    [["--enable_batching=maybe"], "FLAG_INVALID", "--enable_batching: expected true or false"],
  ])("refuses %j with %s", (args, reason, message) => {
    expect(() => parseFlags(table, args)).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        reason,
        message: expect.stringContaining(message),
      }),
    );
  });

  it("returns which flags were given, and what is not a flag", () => {
    const { given, operands } = parseFlags(table, ["digits", "--enable_batching", "true"]);
    expect([...given]).toEqual(["enable_batching"]);
    expect(operands).toEqual(["digits", "true"]);
  });

  it("returns values typed by the table", () => {
    const values = parseFlags(table, []).flags;
    expectTypeOf(values.model_name).toEqualTypeOf<string>();
    expectTypeOf(values.model_base_path).toEqualTypeOf<string | undefined>();
    expectTypeOf(values.rest_api_port).toEqualTypeOf<number>();
    expectTypeOf(values.enable_batching).toEqualTypeOf<boolean>();
  });

  it("parses any command line or rejects it with a reason", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.string().map((s) => `--${s}`),
          ),
        ),
        (args) => {
          try {
            expect(Object.keys(parseFlags(table, args).flags)).toEqual(Object.keys(table));
          } catch (error) {
            expect(error).toMatchObject({ code: "INVALID_ARGUMENT", reason: expect.any(String) });
          }
        },
      ),
    );
  });
});

describe("parseArguments", () => {
  it.each<[string[], string[]]>([
    [["a"], ["a"]],
    [["--enable_batching", "a"], ["a"]],
    [["a", "--model_name", "b"], ["a"]],
    [[""], [""]],
  ])("takes operands of %j between the flags", (args, operands) => {
    expect(parseArguments(table, args, ["path"]).operands).toEqual(operands);
  });

  it.each([
    [[], "ARGUMENT_MISSING", "expected an argument: path (--help shows an example)"],
    [["a", "b"], "ARGUMENT_UNEXPECTED", 'unexpected argument "b"'],
    [["-p"], "ARGUMENT_UNEXPECTED", 'unexpected argument "-p"'],
  ])("refuses %j with %s", (args, reason, message) => {
    expect(() => parseArguments(table, args, ["path"])).toThrowError(
      expect.objectContaining({ reason, message: expect.stringContaining(message) }),
    );
  });
});

describe("numbers", () => {
  const { parse, expected } = numbers("sizes", [1], { min: 1, isInteger: true }, "Sizes.");
  const times = numbers("times", [0], { min: 0, isInteger: false }, "Times.");

  it.each([
    ["1", [1]],
    ["1,8,32", [1, 8, 32]],
    ["8,8", [8]],
    ["", undefined],
    ["0", undefined],
    ["1,", undefined],
    ["1.5", undefined],
    ["-1", undefined],
    ["1e3", undefined],
    ["1, 2", undefined],
  ])("reads %j as integers", (text, list) => {
    expect(parse(text)).toEqual(list);
    expect(expected).toBe("comma-separated integers >= 1");
  });

  it.each([
    ["0,0.5,2", [0, 0.5, 2]],
    [".5", undefined],
    ["1.", undefined],
  ])("reads %j as numbers", (text, list) => {
    expect(times.parse(text)).toEqual(list);
  });
});

describe("the other kinds of flag", () => {
  it.each([
    [port(8501, ""), "any", "any"],
    [port(8501, ""), "0", 0],
    [port(8501, ""), "65536", undefined],
    [port(8501, ""), "all", undefined],
    [path("file", ""), "", ""],
    [path("file", ""), "/a b", "/a b"],
    [path("file", ""), "a\0b", undefined],
    [word(["all", "any"], "any", ""), "all", "all"],
    [word(["all", "any"], "any", ""), "ALL", undefined],
    [decimal("share", 0, [0, 1], ""), "0.25", 0.25],
    [decimal("share", 0, [0, 1], ""), ".25", 0.25],
    [decimal("share", 0, [0, 1], ""), "1.", 1],
    [decimal("share", 0, [0, 1], ""), ".", undefined],
    [decimal("share", 0, [0, 1], ""), "1.1", undefined],
    [decimal("share", 0, [0, 1], ""), "-0.1", undefined],
    [decimal("share", 0, [0, 1], ""), "1e-1", undefined],
  ])("%o reads %j", (flag, value, expected) => {
    expect(flag.parse(value)).toBe(expected);
  });
});

describe("describeFlags", () => {
  it("names every flag with its value, its help and its default", () => {
    expect(describeFlags(table)).toBe(
      [
        "  --model_name=<name>",
        "      The name of the model. Default: default.",
        "  --model_base_path=<folder>",
        "      Where its versions are.",
        "  --rest_api_port=<port>",
        "      The port. Default: 8501.",
        "  --enable_batching",
        "      Whether to batch.",
        "",
      ].join("\n"),
    );
  });
});
