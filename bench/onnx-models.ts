import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { cacheFolder } from "@serving-kit/native-library";
import { type OnnxOptions, onnx } from "@serving-kit/servable-onnx";
import { onnxruntimeNodeFolder } from "../packages/servable-onnx/test/onnxruntime-node-folder.js";

/** The part of onnxruntime-node that is used. */
export interface OrtNode {
  readonly InferenceSession: {
    create(path: string, options: object): Promise<OrtSession>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => unknown;
}

/** A session of onnxruntime-node. */
export interface OrtSession {
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array }>>;
}

/** The models of the benchmarks, made by Python. */
export interface OnnxModels extends Disposable {
  path(name: string): string;
  has(name: string): boolean;
}

/**
 * Undefined without a Python with onnx and skl2onnx: SERVING_KIT_PYTHON names one. The model `magika` is that of the
 * Python package, which pip downloads into the cache folder; absent if it cannot.
 */
export function onnxModels(): OnnxModels | undefined {
  const python = process.env.SERVING_KIT_PYTHON ?? "python3";
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-bench-onnx-"));
  const script = join(import.meta.dirname, "onnx-python/make-models.py");
  try {
    const wheels = join(cacheFolder(), "onnx/wheels/magika==1.0.3");
    execFileSync(python, [script, folder, wheels], { stdio: "ignore" });
  } catch {
    process.stderr.write("skipped: no Python with onnx and skl2onnx; set SERVING_KIT_PYTHON\n");
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return {
    path: (name) => join(folder, `${name}.onnx`),
    has: (name) => existsSync(join(folder, `${name}.onnx`)),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Loads onnxruntime-node. The kit then uses its library, so that both run the same one. */
export const loadOrtNode = (): OrtNode =>
  createRequire(join(onnxruntimeNodeFolder(), "package.json"))("onnxruntime-node") as OrtNode;

const id = servableId("onnx", 1);

export async function loadOnnx(
  path: string,
  options?: OnnxOptions,
): Promise<Predictor & AsyncDisposable> {
  const { signal } = new AbortController();
  const loader = onnx(options).loader({ path }, id);
  return (await loader.load({ id, signal })) as Predictor & AsyncDisposable;
}

/** The options of sessions of onnxruntime-node as the kit's defaults are. */
export const ORT_OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" } } },
  logSeverityLevel: 4,
};
