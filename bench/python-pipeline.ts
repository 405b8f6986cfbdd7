import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Predictor } from "@serving-kit/inference";
import { python } from "@serving-kit/servable-python";

/** Features of a row of the pipeline. */
export const FEATURES = 64;

/**
 * A scaler and a classifier of scikit-learn, or 160 small calls of numpy without it: 0.1 to 0.2 ms for one row; and an echo.
 */
const MODEL = `
import numpy as np

rng = np.random.default_rng(0)
try:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    pipeline.fit(rng.normal(size=(500, ${FEATURES})), rng.integers(0, 10, 500))
    predict_proba = pipeline.predict_proba
except ImportError:
    STEPS = [(rng.uniform(0.9, 1.1, ${FEATURES}), rng.uniform(-2, -1, ${FEATURES})) for _ in range(80)]
    LAST = rng.normal(size=(${FEATURES}, 10))

    def predict_proba(x):
        x = x.astype(np.float64)
        for scale, least in STEPS:
            x = np.maximum(x * scale, least)
        logits = x @ LAST
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def predict(x):
    return predict_proba(x).astype(np.float32)


class Model:
    batchable = True
    signatures = {
        "serving_default": {
            "inputs": {"x": ("float32", [-1, ${FEATURES}])},
            "outputs": {"probabilities": ("float32", [-1, 10])},
        },
        "echo": {"inputs": {"x": ("float32", None)}, "outputs": {"x": ("float32", None)}},
    }

    def predict(self, inputs, signature):
        return inputs if signature == "echo" else {"probabilities": predict(inputs["x"])}
`;

/** Runs the pipeline in a loop as often as a line of stdin says, and prints the nanoseconds of one call. */
const BARE = `
import sys, time
sys.path.insert(0, sys.argv[1])
import numpy as np
import model

x = np.ones((int(sys.argv[2]), ${FEATURES}), np.float32)
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter_ns()
    for _ in range(int(line)):
        model.predict(x)
    print((time.perf_counter_ns() - start) / int(line), flush=True)
`;

/** FastAPI as its tutorial has it. */
const FASTAPI = `
import sys
sys.path.insert(0, "FOLDER")
import numpy as np
import model
from fastapi import FastAPI
from pydantic import BaseModel


class Request(BaseModel):
    instances: list[list[float]]


app = FastAPI()


@app.post("/predict")
def predict(request: Request):
    x = np.array(request.instances, np.float32)
    return {"predictions": model.predict(x).tolist()}
`;

const cache = process.env.SERVING_KIT_CACHE ?? join(homedir(), ".cache/serving-kit");

/** The folder of the model, with its version 1. */
export function modelFolder(): string {
  const folder = join(cache, "python/bench-model/1");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "model.py"), MODEL);
  return folder;
}

/** A Python with numpy; undefined, with the reason on stderr, if there is none. */
export function pythonWithNumpy(): string | undefined {
  const interpreter = process.env.SERVING_KIT_PYTHON ?? "python3";
  try {
    const program = "import sys, numpy; print(sys.executable)";
    return execFileSync(interpreter, ["-c", program], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    process.stderr.write(
      `skipped: ${interpreter} has no numpy; SERVING_KIT_PYTHON names one that has\n`,
    );
    return undefined;
  }
}

/** Loads the model in workers. */
export async function loadPipeline(interpreter: string, workers = 1): Promise<Predictor> {
  const platform = python({ interpreter, workers, env: { OMP_NUM_THREADS: "1" } });
  const loader = platform.loader({ path: modelFolder() }, { name: "m", version: 1n });
  const { signal } = new AbortController();
  return loader.load({ id: { name: "m", version: 1n }, signal });
}

/** The pipeline in a Python process without the kit. */
export interface BarePipeline extends Disposable {
  /** Calls it so often, and returns the time of one call in ns. */
  run(calls: number): Promise<number>;
}

export async function barePipeline(interpreter: string, rows: number): Promise<BarePipeline> {
  const env = { ...process.env, OMP_NUM_THREADS: "1" };
  const args = ["-c", BARE, modelFolder(), String(rows)];
  const child = spawn(interpreter, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return {
    async run(calls) {
      child.stdin.write(`${calls}\n`);
      return Number((await lines.next()).value);
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

/** An interpreter with FastAPI, which is installed once; undefined, with the reason, if that fails. */
export function pythonWithFastApi(interpreter: string): string | undefined {
  const folder = join(cache, "python/bench-fastapi");
  const own = join(folder, "bin/python");
  try {
    // scikit-learn, so that both servers run the pipeline, and not its substitute.
    const packages = ["fastapi", "uvicorn[standard]", "numpy", "scikit-learn"];
    const mark = join(folder, `has ${packages.join(", ")}`);
    if (!existsSync(mark)) {
      execFileSync(interpreter, ["-m", "venv", folder], { stdio: "pipe" });
      execFileSync(own, ["-m", "pip", "install", "--quiet", ...packages], { stdio: "pipe" });
      mkdirSync(mark);
    }
    return own;
  } catch (error) {
    const [line] = (error as Error).message.split("\n").slice(-2);
    process.stderr.write(`FastAPI is skipped: it was not installed: ${line}\n`);
    return undefined;
  }
}

/** Serves the model by FastAPI with so many uvicorn workers, at a port. */
export async function fastApi(
  interpreter: string,
  workers: number,
  port: number,
): Promise<AsyncDisposable> {
  const folder = modelFolder();
  writeFileSync(join(folder, "served.py"), FASTAPI.replace("FOLDER", folder));
  const env = { ...process.env, OMP_NUM_THREADS: "1" };
  const options = ["served:app", `--port=${port}`, `--workers=${workers}`, "--log-level=error"];
  const args = ["-m", "uvicorn", ...options];
  const child = spawn(interpreter, args, { cwd: folder, env, stdio: "inherit", detached: true });
  const body = JSON.stringify({ instances: [Array(FEATURES).fill(1)] });
  const headers = { "content-type": "application/json" };
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/predict`, { method: "POST", body, headers }).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    async [Symbol.asyncDispose]() {
      process.kill(-(child.pid as number), "SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}
