import { type Tensor, tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { nativeCounts } from "../src/index.js";
import {
  expectedCalls,
  hasLibrary,
  load,
  loadNamed,
  modelFile,
  namesWithCalls,
  recordingLogger,
  skipped,
} from "./support.js";

describe.skipIf(!hasLibrary)(
  `answers are those of Python's onnxruntime, bit by bit${skipped}`,
  () => {
    it.each(namesWithCalls)("%s, also where runs have tensors of their own", async (name) => {
      const calls = expectedCalls(name);
      await using predictor = await loadNamed(name);
      for (let round = 0; round < 3; round++) {
        for (const { inputs, outputs } of calls) {
          const answer = await predictor.predict(inputs);
          for (const [output, tensor] of Object.entries(outputs)) {
            expect([output, answer[output]]).toEqual([output, tensor]);
          }
        }
      }
    });

    it("int4, uint4 and bfloat16 keep their elements", async () => {
      await using four = await loadNamed("four-bits");
      const x = tensor("int4", [1, 3], new Int8Array([-8, 7, -1]));
      const u = tensor("uint4", [1, 3], new Uint8Array([0, 15, 9]));
      const f = tensor("float32", [1, 3], new Float32Array([-8, 0, 7]));
      const g = tensor("float32", [1, 3], new Float32Array([1, 2, 15]));
      for (let round = 0; round < 2; round++) {
        const answer = await four.predict({ x, u, f, g });
        expect(answer.x_out?.data).toEqual(new Float32Array([-8, 7, -1]));
        expect(answer.u_out?.data).toEqual(new Float32Array([0, 15, 9]));
        expect(answer.f_out).toEqual(tensor("int4", [1, 3], new Int8Array([-8, 0, 7])));
        expect(answer.g_out).toEqual(tensor("uint4", [1, 3], new Uint8Array([1, 2, 15])));
      }
      await using half = await loadNamed("bfloat16");
      const bits = tensor("bfloat16", [1, 3], new Uint16Array([0x3f80, 0xc000, 0x7f80]));
      expect((await half.predict({ x: bits })).y).toEqual(bits);
    });

    it("frees all native tensors", () => {
      expect(nativeCounts()).toEqual({ sessions: 0, values: 0 });
    });
  },
);

describe.skipIf(!hasLibrary)(`signatures${skipped}`, () => {
  it("distinguishes a scalar from a tensor of any rank", async () => {
    await using scalar = await loadNamed("scalar");
    await using any = await loadNamed("any-rank");
    const shapeOf = (predictor: typeof scalar) =>
      predictor.signatures.get("serving_default")?.inputs.get("x")?.shape;
    expect([shapeOf(scalar), shapeOf(any)]).toEqual([[], null]);
  });

  it("has overridable initializers as optional inputs", async () => {
    await using predictor = await loadNamed("default");
    const { inputs } = predictor.signatures.get("serving_default") ?? {};
    expect(inputs?.get("scale")).toEqual({ dtype: "float32", shape: [1], isOptional: true });
  });

  it("has no shape for an output that is declared wrongly, and runs it without bindings", async () => {
    await using predictor = await loadNamed("wrong-rank");
    expect(predictor.signatures.get("serving_default")?.outputs.get("y")?.shape).toBeNull();
    const x = tensor("float32", [2, 3], new Float32Array(6).fill(2));
    for (let round = 0; round < 3; round++) {
      expect((await predictor.predict({ x })).y?.shape).toEqual([1, 2, 3]);
    }
  });

  it.each([
    ["zip-map", [7n, 8n, 9n]],
    ["zip-map-texts", ["a", "b", "ü"]],
  ])("%s: a ZipMap is a matrix, and its labels an output", async (name, classes) => {
    await using predictor = await loadNamed(name);
    const { outputs } = predictor.signatures.get("serving_default") ?? {};
    expect(outputs?.get("probabilities")).toEqual({ dtype: "float32", shape: [-1, 3] });
    expect(outputs?.get("probabilities_labels")?.shape).toEqual([-1, 3]);
    expect(predictor.batchable).toBe(true);
    const x = tensor("float32", [2, 3], new Float32Array(6));
    const only = await predictor.predict({ x }, { outputs: ["probabilities_labels"] });
    expect(Object.keys(only)).toEqual(["probabilities_labels"]);
    const { shape, data } = only.probabilities_labels as Tensor;
    const texts = Array.from(data as ArrayLike<unknown>, (one) =>
      one instanceof Uint8Array ? Buffer.from(one).toString() : one,
    );
    expect([shape, texts]).toEqual([
      [2, 3],
      [...classes, ...classes],
    ]);
  });
});

describe.skipIf(!hasLibrary)(`batchable${skipped}`, () => {
  it.each<[string, boolean]>([
    ["dense", true],
    ["dtypes", true],
    ["strings", true],
    ["open-extents", true],
    ["names", true],
    ["gather", true],
    ["fixed", false],
    ["scalar", false],
    ["data-dependent", false],
    ["mean-of-batch", false],
    ["running-sum", false],
  ])("%s: %s", async (name, batchable) => {
    await using predictor = await loadNamed(name);
    expect(predictor.batchable).toBe(batchable);
  });

  it("is what the option says, and the log says why it is not", async () => {
    const { lines, logger } = recordingLogger();
    await using mean = await loadNamed("mean-of-batch", { logger });
    expect(mean.batchable).toBe(false);
    expect(lines).toEqual([expect.stringMatching(/output "y" of a row depends on the other rows/)]);
    await using forced = await loadNamed("mean-of-batch", { options: { batchable: true } });
    expect(forced.batchable).toBe(true);
  });

  it("is false if generated rows of a megabyte are too few, once in the log, unless the option requests it", async () => {
    const { lines, logger } = recordingLogger();
    await using wide = await loadNamed("wide", { logger });
    expect(wide.batchable).toBe(false);
    expect(lines).toEqual([expect.stringMatching(/not known whether: its inputs are too large/)]);
    await using forced = await loadNamed("wide", { options: { batchable: true } });
    expect(forced.batchable).toBe(true);
  });
});

describe.skipIf(!hasLibrary)(`rejected${skipped}`, () => {
  it.each<[string, string, RegExp]>([
    ["sequence", "MODEL_UNSUPPORTED", /output "y" is a sequence; .*zipmap/],
    ["custom-op", "MODEL_REFUSED", /my\.domain.*customOpLibraries/],
  ])("%s: %s", async (name, reason, message) => {
    await expect(loadNamed(name)).rejects.toMatchObject({
      reason,
      message: expect.stringMatching(message),
    });
  });

  it("an execution provider that the library has not, with the library's own error", async () => {
    const options = { providers: [{ name: "QNN", options: { backend_path: "x" } }] };
    await expect(load(modelFile("dense"), { options })).rejects.toMatchObject({
      reason: "SESSION_OPTIONS_REFUSED",
      message: expect.stringMatching(/QNN/),
    });
  });

  it("inputs that the model rejects, with the code of the library", async () => {
    await using gather = await loadNamed("gather");
    const outside = tensor("int64", [2], [3n, 9n]);
    for (let round = 0; round < 2; round++) {
      await expect(gather.predict({ i: outside })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "ONNX_RUN_FAILED",
      });
    }
    await using dense = await loadNamed("dense");
    const wide = tensor("float32", [1, 4], new Float32Array(4));
    await expect(dense.predict({ x: wide })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
