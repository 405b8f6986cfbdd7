import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { libraryReport } from "@serving-kit/servable-tensorflow";
import { describe, expect, it } from "vitest";
import { BUILT, repository } from "./run-command.js";

const digits = join(repository, "examples/models/digits");
const { opened, problem } = await libraryReport();
const reason = opened ? "" : ` [skipped: ${problem?.split("\n")[0]}]`;

/** Runs the command to its end. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: repository, env: { ...process.env, ...env } };
    execFile(process.execPath, [...BUILT, ...args], options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** The environment of a machine with Node alone. */
function bare(): NodeJS.ProcessEnv & Disposable {
  const cache = mkdtempSync(join(tmpdir(), "serving-kit-cache-"));
  return {
    ...{ PATH: "", Path: "", VIRTUAL_ENV: "", SERVING_KIT_CACHE: cache },
    SERVING_KIT_TENSORFLOW_LIBRARY: "",
    [Symbol.dispose]: () => rmSync(cache, { recursive: true }),
  };
}

describe("serving-kit install tensorflow", () => {
  it("prints manual steps if there is neither pip nor a server with archives", async () => {
    using env = bare();
    const archives = "--archives=http://127.0.0.1:1";
    const { code, stderr } = await run(["install", "tensorflow", archives], env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^serving-kit: libtensorflow could not be installed: .* By hand: .*\n$/);
  });
});

describe("serving-kit doctor", () => {
  it("reports that .tflite models work, and names the command for the rest", async () => {
    using env = bare();
    const { code, stdout } = await run(["doctor"], env);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ \.tflite models: TensorFlow Lite \d+\.\d+\S*$/m);
    expect(stdout).toMatch(/^ {2}fix: serving-kit install tensorflow$/m);
  });

  it("ends with 1 when the library of .tflite models does not open", async () => {
    const broken = join(digits, "samples.json");
    const { code, stdout } = await run(["doctor"], { SERVING_KIT_TFLITE_LIBRARY: broken });
    expect(code).toBe(1);
    expect(stdout).toContain(`SERVING_KIT_TFLITE_LIBRARY: ${broken} does not open`);
  });

  it("lists why this machine cannot load models", async () => {
    const folder = join(import.meta.dirname, "../../servable-tflite/test/models");
    const models = ["unchecked", "dense"].map((name) => join(folder, `${name}.tflite`));
    const { code, stdout } = await run(["doctor", `--models=${models.join()}`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /✗ .*unchecked\.tflite: 1 problem\n {2}unchecked: \w+ of \w+ \(tensor "/,
    );
    expect(stdout).toContain("loads only with --tflite_unchecked_ops=allow");
    expect(stdout).toMatch(/✓ .*dense\.tflite: no problems\n/);
  });

  it.skipIf(!opened)(`opens libtensorflow if it is installed${reason}`, async () => {
    const { code, stdout } = await run(["doctor"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`✓ SavedModels: TensorFlow ${opened?.version}`);
  });
});

describe("serving-kit types", () => {
  it("prints the signatures as a module, and writes it to a file", async () => {
    const printed = await run(["types", digits]);
    expect([printed.code, printed.stdout]).toEqual([
      0,
      expect.stringMatching(/image: \{ dtype: "float32", shape: \[-1, ?64\] \}/),
    ]);
    const folder = await mkdtemp(join(tmpdir(), "serving-kit-types-"));
    try {
      const file = join(folder, "my-digits.js");
      const written = await run(["types", digits, "-o", file]);
      expect([written.code, written.stdout]).toEqual([0, ""]);
      expect(await readFile(file, "utf8")).toMatch(/^export const myDigits = \{ signatures \};$/m);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("reports what lies at a path without a model", async () => {
    const { code, stderr } = await run(["types", join(digits, "samples.json")]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("samples.json")]);
  });
});

describe("serving-kit inspect", () => {
  const rows =
    "  rows of serving_default: independent by structure: each op keeps rows apart; batched if a probe agrees when it is loaded";
  const signature = [
    "  signature serving_default",
    "    input image float32 [?, 64] (serving_default_image:0)",
    "    output probabilities float32 [?, 10] (StatefulPartitionedCall:0)",
  ];

  it("prints the signatures of the newest version in a base path", async () => {
    const { code, stdout } = await run(["inspect", digits]);
    expect(code).toBe(0);
    const [, runtime, ...rest] = stdout.split("\n");
    expect(runtime).toMatch(/^ {2}runtime: TensorFlow Lite 2\.\d+\.\d+ \((npm|environment) .*\)$/);
    expect(rest.slice(0, 4)).toEqual([
      expect.stringMatching(/^ {2}needs: TensorFlow Lite >= 2\.3 \(the converter wrote 1\.5\.0\)$/),
      "  XNNPACK: runs 3 of 3 operators",
      "  state: none",
      "  operators: FULLY_CONNECTED version 1 (2), SOFTMAX version 1",
    ]);
    expect(rest.slice(4, 8)).toEqual([rows, ...signature]);
  });

  it("prints what a .tflite model keeps from call to call", async () => {
    const model = new URL("../../servable-tflite/test/models/total.tflite", import.meta.url);
    const { stdout } = await run(["inspect", fileURLToPath(model)]);
    expect(stdout).toMatch(/^ {2}state: resource variables, in a new interpreter for each call/m);
  });

  it("prints the signatures of a .tflite file if no runtime opens", async () => {
    const env = { SERVING_KIT_TFLITE_LIBRARY: join(digits, "samples.json") };
    const { code, stdout } = await run(["inspect", digits], env);
    expect(code).toBe(0);
    const runtime = "  runtime: none opens; `serving-kit doctor` says why";
    const lines = stdout.split("\n");
    expect([lines[1], ...lines.slice(5, 9)]).toEqual([runtime, rows, ...signature]);
  });

  it("prints what the runtime does not have", async () => {
    const model = join(import.meta.dirname, "../../servable-tflite/test/models/flex.tflite");
    const { code, stdout } = await run(["inspect", model]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}cannot run: it uses TensorFlow operators .*: FlexErfinv; convert it/m,
    );
    expect(stdout).toMatch(/^ {2}operators: flex FlexErfinv$/m);
    expect(stdout).not.toMatch(/XNNPACK/);
  });

  it("prints the operands that nothing checks", async () => {
    const model = join(import.meta.dirname, "../../servable-tflite/test/models/unchecked.tflite");
    const { stdout } = await run(["inspect", model]);
    expect(stdout).toMatch(
      /^ {2}unchecked: begin of SLICE \(tensor ".+", signature serving_default\); loads only with .*allow/m,
    );
  });

  it("prints those of a SavedModel without libtensorflow", async () => {
    using env = bare();
    const path = join(digits, "savedmodel/1");
    const { code, stdout } = await run(["inspect", path], env);
    expect(code).toBe(0);
    const [title, graph, ...rest] = stdout.split("\n");
    expect(title).toBe(`${path}: SavedModel`);
    expect(graph).toMatch(/^graph serve, written by TensorFlow \d/);
    expect(rest.slice(0, 3)).toEqual([
      `${signature[0]} (tensorflow/serving/predict)`,
      ...signature.slice(1),
    ]);
  });

  it("reports an invalid path in one line", async () => {
    const { code, stderr } = await run(["inspect", join(digits, "..")]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^serving-kit: no model found at [^\n]*\n$/);
  });
});

describe("serving-kit tune", () => {
  const quick = ["--measure_ms=20", "--max_batch_sizes=1,16", "--slots=1", "--callers=16"];

  async function expectTable(model: string) {
    const { code, stdout } = await run(["tune", `--model=${model}`, ...quick]);
    expect(code).toBe(0);
    expect(stdout.match(/^ +\d+ {2,}[\d.]+ +1 +[\d,]+ .*$/gm)).toHaveLength(3);
    // The row of the defaults may be the best.
    expect(stdout).toMatch(/^(max_batch_size \{ value: (1|16) \}|These are the defaults: .*)$/m);
    expect(stdout).toMatch(/^batching\((\{ maxBatchSize: (1|16), .* \})?\)$/m);
  }

  it("measures a .tflite model", () => expectTable(digits));

  it.skipIf(!opened)(`measures a SavedModel${reason}`, () =>
    expectTable(join(digits, "savedmodel")),
  );
});
