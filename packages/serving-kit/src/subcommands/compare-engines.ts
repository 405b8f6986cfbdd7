import { extname } from "node:path";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import { runInCanary } from "@serving-kit/native-library";
import { compare, formatComparison } from "../compare/compare-report.js";
import type { EngineMeasurement, EngineTask } from "../compare/measure-engine.js";
import { integer, text, toggle } from "../flag-kinds.js";
import { showProgress } from "../progress.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

const flags = {
  signature_name: text("name", DEFAULT_SIGNATURE, "The signature to call."),
  inputs: text(
    "file",
    undefined,
    'The inputs of a call: a file with the body of a predict request, such as {"instances": […]}. ' +
      "Default: random floats from 0 to 1 with the signature's shapes; unknown dimensions are 1.",
  ),
  rows: integer("count", 1, [1, 65_536], "Rows per call, if inputs are generated."),
  callers: integer("count", 64, [1, 65_536], "Number of concurrent callers."),
  measure_ms: integer("ms", 1000, [1, 3_600_000], "How long to measure each figure."),
  json: toggle(false, "Prints a list of JSON objects instead of a table."),
};

/** Timeout in ms for a process to load and prepare, in addition to the measuring time. */
const TIMEOUT_MS = 300_000;

/** The number of measurements: one for latency, one for each batch size, and one more for the first batch size. */
const FIGURES = 6;

/** Measures a model, by default in a separate process, so that memory is attributed to one engine. */
export type MeasureEngine = (task: EngineTask, signal: AbortSignal) => Promise<EngineMeasurement>;

/** `serving-kit compare-engines DIR…`: one model in several formats, side by side. */
export function compareEngines({
  measure = measureInChild,
}: {
  readonly measure?: MeasureEngine;
} = {}): Subcommand {
  return defineSubcommand({
    usage: "compare-engines savedmodel tflite onnx",
    description:
      "Runs one model in several formats, such as a SavedModel, a .tflite and an .onnx file, on the same inputs,\n" +
      "each in its own process. Prints how much the outputs differ, the latency of a call, the calls per second of\n" +
      "many callers with batching, the memory and the load time.",
    operands: ["DIR…"],
    flags,
    async run({ flags, operands: paths }, { stdout, stderr, signal }) {
      using progress = showProgress(stderr);
      const measurements: EngineMeasurement[] = [];
      for (const [i, path] of paths.entries()) {
        progress.update(`measuring ${path}`, i / paths.length);
        measurements.push(
          await measure(
            {
              ...{ path, signature: flags.signature_name, rows: flags.rows },
              ...{ callers: flags.callers, measureMs: flags.measure_ms },
              ...(flags.inputs !== undefined && { inputs: flags.inputs }),
            },
            signal,
          ),
        );
      }
      progress[Symbol.dispose]();
      const engines = compare(measurements);
      const report = flags.json ? JSON.stringify(engines, null, 2) : formatComparison(engines);
      stdout.write(`${report}\n`);
      return 0;
    },
  });
}

function measureInChild(task: EngineTask, signal: AbortSignal): Promise<EngineMeasurement> {
  // In the build, this module is in a chunk next to the entries.
  const isSource = extname(import.meta.url) === ".ts";
  const file = isSource ? "../compare/measure-engine.ts" : "./compare/measure-engine.js";
  return runInCanary<EngineMeasurement>({
    what: `measuring ${task.path}`,
    module: new URL(file, import.meta.url).href,
    exportName: "measureEngine",
    argument: task,
    timeoutMs: TIMEOUT_MS + FIGURES * task.measureMs,
    signal,
  });
}
