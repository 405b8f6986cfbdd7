import { readFile } from "node:fs/promises";
import {
  bestOf,
  type TuneOptions,
  type TuneResult,
  tune as tuneModel,
} from "@serving-kit/batching";
import { messageOf, servableId } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Predictor,
  signatureOf,
  type Tensors,
  zeroInputs,
} from "@serving-kit/inference";
import { decodePredict } from "@serving-kit/tensor-json";
import { builtIns } from "../built-ins.js";
import { errors } from "../errors.js";
import { integer, numbers, text } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import { findModel } from "../model-path.js";
import { loadPlatforms } from "../platforms/load-platforms.js";
import type { PlatformRow } from "../platforms/platform-row.js";
import { pluginFlags, withPlugins } from "../plugins.js";
import { showProgress } from "../progress.js";
import { defineSubcommand, type Subcommand } from "../subcommand.js";
import { advise, formatTable } from "../tune-report.js";

const flags = {
  model: text(
    "path",
    undefined,
    "The path of a version, or a base path, to use its newest version.",
  ),
  signature_name: text("name", DEFAULT_SIGNATURE, "The signature to call."),
  inputs: text(
    "file",
    undefined,
    'The inputs of a call: a file with the body of a predict request, such as {"instances": […]}. ' +
      "Default: zeros with the signature's shapes; unknown dimensions are 1.",
  ),
  rows: integer("count", 1, [1, 65_536], "Rows per call, if the inputs are zeros."),
  callers: integer("count", 64, [1, 65_536], "Number of concurrent callers."),
  measure_ms: integer("ms", 1000, [1, 3_600_000], "How long to measure each configuration."),
  max_batch_sizes: numbers(
    "sizes",
    [1, 8, 32, 128],
    { min: 1, isInteger: true },
    "The maximum batch sizes to try.",
  ),
  batch_timeouts_ms: numbers(
    "times",
    [0, 2],
    { min: 0, isInteger: false },
    "The batch timeouts to try, in ms.",
  ),
  slots: numbers(
    "counts",
    [1, 2, 4],
    { min: 1, isInteger: true },
    "The numbers of concurrent batches to try.",
  ),
  max_p99_ms: integer(
    "ms",
    undefined,
    [1, 3_600_000],
    "The maximum p99 latency of the best configuration.",
  ),
  ...pluginFlags,
};

type TuneFlags = FlagValues<typeof flags>;

/** The dependencies of `tune`. */
export interface TuneTools {
  readonly platforms: readonly PlatformRow[];
  readonly tune: typeof tuneModel;
}

/** `serving-kit tune --model=…`: finds the best batching configuration for a model. */
export function tune({
  platforms: rows = builtIns.platforms,
  tune = tuneModel,
}: Partial<TuneTools> = {}): Subcommand {
  return defineSubcommand({
    usage: "tune --model=/models/digits",
    description:
      "Measures a model with many batching configurations and prints the best one, ready to paste. Each caller\n" +
      "calls again as soon as it has its answer.",
    operands: [],
    flags,
    async run({ flags }, { stdout, stderr, signal }) {
      if (flags.model === undefined) throw errors.argumentMissing("--model=<path>");
      using progress = showProgress(stderr);
      progress.update("loading the model");
      const platforms = await loadPlatforms(await withPlugins(rows, flags.plugins));
      const { path, platform } = await findModel(flags.model, platforms);
      const id = servableId("model", 1);
      const predictor = await platform.loader({ path }, id).load({ id, signal });
      const results: TuneResult[] = [];
      try {
        const inputs = await inputsOf(predictor, flags);
        progress.update("measuring", 0);
        for await (const result of tune(predictor, { ...optionsOf(flags), inputs, signal })) {
          results.push(result);
          const { done, total } = result;
          progress.update(`measured ${done} of ${total} configurations`, done / total);
        }
      } finally {
        await predictor[Symbol.asyncDispose]?.();
      }
      progress[Symbol.dispose]();
      const best = bestOf(results, flags.max_p99_ms);
      stdout.write(`${formatTable(results, best)}\n\n${advise(results, best)}\n`);
      return best === undefined ? 1 : 0;
    },
  });
}

function optionsOf(flags: TuneFlags): Omit<TuneOptions, "inputs"> {
  return {
    signature: flags.signature_name,
    callers: flags.callers,
    measureMs: flags.measure_ms,
    maxBatchSizes: flags.max_batch_sizes,
    batchTimeoutsMs: flags.batch_timeouts_ms,
    slots: flags.slots,
  };
}

async function inputsOf(predictor: Predictor, flags: TuneFlags): Promise<Tensors> {
  const signature = signatureOf(predictor, flags.signature_name);
  if (flags.inputs === undefined) return zeroInputs(signature, flags.rows);
  const body = await readFile(flags.inputs).catch((error: unknown) => {
    throw errors.argumentInvalid("--inputs", "a file that can be read", messageOf(error));
  });
  return decodePredict(body, () => signature).inputs;
}
