import { describe, expect, it } from "vitest";
import { runCommand } from "./command.js";
import { serverFlags } from "./server-flags.js";
import { subcommands } from "./subcommands.js";

async function run(...args: string[]) {
  const output = { stdout: "", stderr: "" };
  const code = await runCommand(args, {
    environment: {},
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
  });
  return { code, ...output };
}

describe("runCommand", () => {
  it("prints every flag for --help", async () => {
    const { code, stdout, stderr } = await run("--help");
    expect([code, stderr]).toEqual([0, ""]);
    for (const name of Object.keys(serverFlags)) expect(stdout).toContain(`\n  --${name}`);
  });

  it("accepts help for --help, of the command and of each subcommand", async () => {
    expect(await run("help")).toEqual(await run("--help"));
    expect(await run("help", "doctor")).toEqual(await run("doctor", "--help"));
  });

  it("lists every subcommand for --help", async () => {
    const { stdout } = await run("--help");
    for (const name of Object.keys(subcommands)) expect(stdout).toContain(`\n  ${name}\n`);
  });

  it.each(Object.keys(subcommands))("explains %s with its flags for --help", async (name) => {
    const { code, stdout, stderr } = await run(name, "--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`\n\nUsage: serving-kit ${name}`);
    expect(stdout).toContain("\n  --help\n");
  });

  it.each([
    ["instal", 'unknown command "instal"; did you mean install? (--help lists'],
    ["Doctor", 'unknown command "Doctor"; did you mean doctor?'],
    [
      "xyz",
      'unknown command "xyz"; expected demo, install, doctor, inspect, types, pull, tune, compare-engines, or a path to serve (--help',
    ],
    ["constructor", 'unknown command "constructor"; expected demo'],
    ["./xyz", "no model to serve at ./xyz: no such file or folder"],
    ["xyz.tflite", "no model to serve at xyz.tflite"],
  ])("suggests the nearest subcommand for %j", async (name, message) => {
    const { code, stdout, stderr } = await run(name);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`serving-kit: ${message}`);
  });

  it.each([
    "tensorflow_model_server",
    "/usr/bin/tensorflow_model_server",
    "tf_serving_entrypoint.sh",
    "/usr/bin/tf_serving_entrypoint",
    "C:\\serving\\tensorflow_model_server",
  ])("takes %s before its arguments for the name of the program", async (program) => {
    expect(await run(program, "--version")).toMatchObject({ code: 0, stderr: "" });
    expect(await run(program, "tensorflow_model_server", "--version")).toMatchObject({ code: 0 });
    expect((await run(program)).stderr).toContain("nothing to serve: give a path, --model_base");
    expect((await run(program, "doctr")).stderr).toContain("did you mean doctor?");
  });

  it("prints the version for --version", async () => {
    expect(await run("--version")).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^serving-kit \d+\.\d+\.\d+\n$/),
      stderr: "",
    });
  });

  it.each([
    [["--model_base_path"], "--model_base_path: expected a path; got nothing"],
    [
      [],
      "nothing to serve: give a path, --model_base_path or --model_config_file; serving-kit demo",
    ],
    [
      [import.meta.dirname, "--model_base_path=/models/m"],
      `expected either the path ${import.meta.dirname} or --model_base_path; both name models`,
    ],
    [["--model_nam=x"], "unknown flag --model_nam; did you mean --model_name?"],
    [
      ["--rest_api_port=x"],
      '--rest_api_port: expected an integer from 0 to 65535, or any; got "x"',
    ],
    [["--model_config_file=/nowhere"], "--model_config_file: expected a readable file"],
    [
      ["--model_base_path=gs://a/b"],
      "serving-kit: --model_base_path: expected a path of this machine",
    ],
    [
      ["--batching_parameters_file=/nowhere"],
      "--batching_parameters_file has no effect without --enable_batching: set both or neither",
    ],
    [
      ["--enable_per_model_batching_parameters"],
      "--enable_per_model_batching_parameters has no effect without --enable_batching",
    ],
    [
      ["--enable_batching", "--batching_parameters_file=/nowhere"],
      "--batching_parameters_file: expected a readable file; got /nowhere",
    ],
  ])("with %j gives 1 and one line", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^serving-kit: [^\n]*\n$/);
    expect(stderr).toContain(message);
  });
});
