import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVING_JSON, tensor } from "@serving-kit/inference";
import { describe, expect, it, onTestFinished } from "vitest";
import { findInterpreter } from "../src/interpreter.js";
import { python } from "../src/python.js";
import { ID, INTERPRETER, keptLog, noNumpy, temporaryFolder } from "./support.js";

const wrapper = join(import.meta.dirname, "seed/model_wrapper.py");
const digits = join(import.meta.dirname, "../../../examples/models/digits");

/** The package that runs `.tflite` models here; undefined if there is none. */
const runner = noNumpy === undefined ? await runnerOf() : undefined;
const reason =
  noNumpy ?? (runner ? undefined : "neither tensorflow, ai-edge-litert nor tflite-runtime");
if (reason !== undefined && process.env.SERVING_KIT_PYTHON_SEED === "required")
  throw new Error(reason);

async function runnerOf(): Promise<string | undefined> {
  const interpreter = await findInterpreter(INTERPRETER);
  const program =
    "from importlib.util import find_spec as find\n" +
    "names = ['tensorflow', 'ai_edge_litert', 'tflite_runtime']\n" +
    "print(next((name for name in names if find(name)), ''))";
  return execFileSync(interpreter, ["-I", "-c", program], { encoding: "utf8" }).trim() || undefined;
}

describe.skipIf(reason)(
  `a module for TF Serving, byte for byte${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    it(`answers REST bodies and tensors with ${runner}`, async () => {
      const folder = temporaryFolder();
      copyFileSync(join(digits, "1/model.tflite"), join(folder, "model.tflite"));
      const { code } = python({ ...(INTERPRETER && { interpreter: INTERPRETER }) });
      const module = { modulePath: wrapper, exportName: "load_servable", basePath: folder };
      const { lines, logger } = keptLog();
      const { signal } = new AbortController();
      const model = await code
        ?.loader(module, { path: folder }, ID)
        .load({ id: ID, signal, logger });
      onTestFinished(() => model?.[Symbol.asyncDispose]?.());
      const [{ image, label }] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));
      const respond = async (body: object) => {
        const answer = await model?.respond?.(Buffer.from(JSON.stringify(body)), SERVING_JSON);
        return { ...answer, json: JSON.parse(Buffer.from(answer?.body ?? []).toString()) };
      };
      const right = await respond({ instances: [image] });
      const [scores] = right.json.predictions;
      expect([right.isRefusal, scores.indexOf(Math.max(...scores))]).toEqual([false, label]);
      // Its interpreter takes one row, which the module leaves to it.
      const two = await respond({ instances: [image, image] });
      expect(two).toMatchObject({
        isRefusal: true,
        json: { error: expect.stringMatching(/Got 2 but expected 1/) },
      });
      expect((await respond({ rows: [] })).json).toEqual({ error: "'instances'" });
      const x = tensor("float32", [1, 64], image.flat());
      const { predictions } = (await model?.predict({ x })) ?? {};
      expect(predictions?.data).toEqual(Float32Array.from(scores));
      const standsIn = lines.filter(({ message }) =>
        message.includes("tensorflow.lite.Interpreter is that of"),
      );
      expect(standsIn).toHaveLength(runner === "tensorflow" ? 0 : 1);
    });
  },
);
