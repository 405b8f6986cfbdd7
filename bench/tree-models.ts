import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { servableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { lightgbm, xgboost } from "@serving-kit/servable-trees";

/** The features of a row. */
export const FEATURES = 30;

/** The models and the libraries that trained them. */
export interface TreeModels extends Disposable {
  path(file: string): string;
  /** 512 rows. */
  readonly rows: Float32Array;
  /** The CPU time in ns of a call of a library, such as `c1`: see trees-python/time-python.py. */
  python(what: string, count: number): Promise<number>;
  load(file: string): Promise<Predictor & AsyncDisposable>;
}

const id = servableId("trees", 1);

/** Trains the models. Undefined without a Python with xgboost and lightgbm: SERVING_KIT_PYTHON names one. */
export function treeModels(): TreeModels | undefined {
  const python = process.env.SERVING_KIT_PYTHON ?? "python3";
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-bench-trees-"));
  const script = (name: string) => join(import.meta.dirname, "trees-python", name);
  try {
    execFileSync(python, [script("make-models.py"), folder], { stdio: "ignore" });
  } catch {
    process.stderr.write("skipped: no Python with xgboost and lightgbm; set SERVING_KIT_PYTHON\n");
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const child = spawn(python, [script("time-python.py"), folder], {
    stdio: ["pipe", "pipe", "inherit"],
  }) as ChildProcessByStdio<Writable, Readable, null>;
  const lines = createInterface(child.stdout);
  const bytes = readFileSync(join(folder, "rows.f32"));
  return {
    path: (file) => join(folder, file),
    rows: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
    async python(what, count) {
      child.stdin.write(`${what} ${count}\n`);
      const [line] = (await once(lines, "line")) as [string];
      return Number(line);
    },
    async load(file) {
      const platform = file.endsWith(".txt") ? lightgbm() : xgboost();
      const { signal } = new AbortController();
      const loader = platform.loader({ path: join(folder, file) }, id);
      return (await loader.load({ id, signal })) as Predictor & AsyncDisposable;
    },
    [Symbol.dispose]() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
