import { extname } from "node:path";
import { DEFAULT_SIGNATURE } from "@serving-kit/inference";
import { runInCanary } from "@serving-kit/native-library";
import { compare, formatComparison } from "../compare/compare-report.js";
import type { EngineMeasurement, EngineTask } from "../compare/measure-engine.js";
import { integer, text, toggle } from "../flag-kinds.js";
import { showProgress } from "../progress.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";

const flags = {
  signature_name: text("name", DEFAULT_SIGNATURE, "The signature that is called."),
  inputs: text(
    "file",
    undefined,
    'The inputs of a call: a file with the body of a predict request, such as {"instances": […]}. ' +
      "Without it, floats from 0 to 1 of the signature's shapes, with 1 for every extent that is not known.",
  ),
  rows: integer("count", 1, [1, 65_536], "The rows of a call, if inputs are generated."),
  callers: integer("count", 64, [1, 65_536], "How many callers call at the same time."),
  measure_ms: integer("ms", 1000, [1, 3_600_000], "How long each figure is measured."),
  json: toggle(false, "Prints a list of JSON objects instead of a table."),
};

/** A process has so long to load and measure, besides the times that are measured. */
const TIMEOUT_MS = 300_000;

/** A figure for the latency, and one for each batch size, of which the first is run twice. */
const FIGURES = 6;

/** Measures a model, by default in a process of its own: engines in one process would share its memory. */
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
      "Runs one model in the formats it is given, such as a SavedModel, a .tflite and an .onnx file, on the same\n" +
      "inputs, each in a process of its own. Prints how far the answers agree, the latency of a call, the calls a\n" +
      "second of many callers with batching, the memory and the time to load.",
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
  // Built, this module is in a chunk beside the entries.
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
