import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { onnxruntimeNodeFolder } from "../../packages/servable-onnx/test/onnxruntime-node-folder.js";
import type { Benchmark, Figure } from "../figure.js";
import { median, spreadOf } from "../measure.js";
import { ORT_OPTIONS, onnxModels } from "../onnx-models.js";

const PAIRS = 15;

/** Prints the times from the first import to the first answer: `ANSWER` loads the model and calls it. */
const program = (answer: string) => `
const startedAt = performance.now();
const before = process.cpuUsage();
const [path] = process.argv.slice(1);
const data = new Float32Array(16);
${answer}
const wallMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
process.exit(0);`;

const OURS = program(`
const { onnx } = await import("@serving-kit/servable-onnx");
const id = { name: "dense", version: 1n };
const { signal } = new AbortController();
const predictor = await onnx().loader({ path }, id).load({ id, signal });
await predictor.predict({ x: { dtype: "float32", shape: [1, 16], data } });`);

const THEIRS = program(`
const { default: ort } = await import("onnxruntime-node");
const session = await ort.InferenceSession.create(path, ${JSON.stringify(ORT_OPTIONS)});
await session.run({ x: new ort.Tensor("float32", data, [1, 16]) });`);

/** The times of one fresh process in ms. */
interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function start(code: string, path: string, cwd: string): Promise<Start> {
  const args = ["--input-type=module", "--eval", code, path];
  // Telemetry of theirs would send the model's name.
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: "1" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env });
  return JSON.parse(stdout) as Start;
}

const benchmark: Benchmark = {
  name: `cold start against onnxruntime-node, import to first answer, ${PAIRS} pairs`,
  async run() {
    using models = onnxModels();
    if (models === undefined) return [];
    const path = models.path("dense");
    const ours = () => start(OURS, path, import.meta.dirname);
    const theirs = () => start(THEIRS, path, onnxruntimeNodeFolder());
    const pairs: [Start, Start][] = [];
    // The first pair fills the caches of the file system.
    for (let i = -1; i < PAIRS; i++) {
      const pair: [Start, Start] = [await ours(), await theirs()];
      if (i >= 0) pairs.push(pair);
    }
    return [
      figure("wall time", pairs, ({ wallMs }) => wallMs),
      figure("CPU time", pairs, ({ cpuMs }) => cpuMs),
    ];
  },
};
export default benchmark;

function figure(
  what: string,
  pairs: readonly [Start, Start][],
  of: (start: Start) => number,
): Figure {
  const ratios = pairs.map(([own, theirs]) => of(own) / of(theirs));
  const [own = 0, theirs = 0] = [0, 1].map((i) =>
    median(pairs.map((pair) => of(pair[i] as Start))),
  );
  return {
    name: `cold start, ${what}: ${own.toFixed(0)} ms against ${theirs.toFixed(0)} ms`,
    value: median(ratios),
    unit: "x",
    goal: { atMost: 1 },
    baseline: 1,
    spread: spreadOf(ratios),
  };
}
