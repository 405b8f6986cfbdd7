import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { cacheFolder } from "@serving-kit/native-library";
import { type OnnxOptions, onnx } from "@serving-kit/servable-onnx";

/** The version of onnxruntime-node that is compared. */
const VERSION = "1.30.0";

/** The part of onnxruntime-node that is used. */
export interface OrtNode {
  readonly InferenceSession: {
    create(path: string, options: object): Promise<OrtSession>;
  };
  readonly Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => unknown;
}

/** A session of onnxruntime-node. */
export interface OrtSession {
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array }>>;
}

/** The models of the benchmarks, made by Python. */
export interface OnnxModels extends Disposable {
  path(name: string): string;
}

/** Undefined without a Python with onnx and skl2onnx: SERVING_KIT_PYTHON names one. */
export function onnxModels(): OnnxModels | undefined {
  const python = process.env.SERVING_KIT_PYTHON ?? "python3";
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-bench-onnx-"));
  const script = join(import.meta.dirname, "onnx-python/make-models.py");
  try {
    execFileSync(python, [script, folder], { stdio: "ignore" });
  } catch {
    process.stderr.write("skipped: no Python with onnx and skl2onnx; set SERVING_KIT_PYTHON\n");
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return {
    path: (name) => join(folder, `${name}.onnx`),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The folder with onnxruntime-node, which is installed into the cache folder once, without its download of CUDA. */
export function ortNodeFolder(): string {
  const folder = join(cacheFolder(), `onnxruntime-node-${VERSION}`);
  if (existsSync(join(folder, "installed"))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}\n');
  const args = ["install", "--ignore-scripts", "--no-audit", `onnxruntime-node@${VERSION}`];
  execFileSync("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  writeFileSync(join(folder, "installed"), "");
  return folder;
}

/** Loads onnxruntime-node. The kit then uses its library, so that both run the same one. */
export const loadOrtNode = (): OrtNode =>
  createRequire(join(ortNodeFolder(), "package.json"))("onnxruntime-node") as OrtNode;

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
