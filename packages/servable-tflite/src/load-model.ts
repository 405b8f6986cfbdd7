import { availableParallelism } from "node:os";
import { type LoadContext, systemClock, type WarmUpOutcome } from "@serving-kit/core";
import { type Signature, zeroInputs } from "@serving-kit/inference";
import {
  type Execution,
  isVersionWithin,
  NativeExecutor,
  nativeRuns,
} from "@serving-kit/native-library";
import { describeRuntime } from "./describe-runtime.js";
import { errors } from "./errors.js";
import { findModel } from "./find-model.js";
import { type ModelFile, parseModelFile } from "./model-file.js";
import { openTflite, type Tflite } from "./native/library.js";
import { NativeModel } from "./native/model.js";
import type { TfliteOptions } from "./options.js";
import { readWholeFile } from "./read-file.js";
import { type ModelBytes, shareModel } from "./share.js";
import { TflitePredictor } from "./tflite-predictor.js";

/** The part of the load context that a model uses. */
type TfliteLoadContext = Partial<LoadContext>;

/**
 * Loads the model at a path: reads and checks the file, opens TensorFlow Lite, makes the first
 * interpreter and warms it up. Aborts between these steps with the signal's reason.
 */
export async function loadModel(
  path: string,
  options: TfliteOptions,
  context: TfliteLoadContext = {},
): Promise<TflitePredictor> {
  const modelPath = await findModel(path);
  const bytes = await readWholeFile(modelPath, context.signal);
  return openModel({ path: modelPath, bytes }, options, context);
}

/** The same of a file that is in memory: in a buffer that threads share, nothing else writes to it. */
export async function openModel(
  { path, bytes }: ModelBytes,
  options: TfliteOptions,
  context: TfliteLoadContext = {},
): Promise<TflitePredictor> {
  const { signal, warmingUp, clock = systemClock } = context;
  const { file } = parseModelFile(path, bytes);
  const tflite = await openTflite(options.library);
  logRuntime(tflite, context);
  signal?.throwIfAborted();
  checkDense(path, file, tflite);
  const executor = new NativeExecutor({ execution: executionOf(file, options.execution) });
  const model = new NativeModel(tflite, executor, { path, file, bytes });
  const predictor = await TflitePredictor.create(model, {
    threads: options.threads ?? 1,
    interpreters: options.interpreters ?? defaultInterpreters(),
    xnnpack: xnnpackIn(tflite, options.useXnnpack),
    dequantize: options.dequantize ?? false,
    clock,
    share: () => shareModel({ path, bytes }, { ...options, library: tflite.library.path }),
  });
  try {
    signal?.throwIfAborted();
    if (options.warmup ?? true) await warmUp(predictor, file, warmingUp?.());
    signal?.throwIfAborted();
    return predictor;
  } catch (error) {
    await predictor[Symbol.asyncDispose]();
    throw error;
  }
}

function logRuntime({ library }: Tflite, { id, logger }: TfliteLoadContext): void {
  if (id === undefined) return;
  const fields = { model: id.name, version: String(id.version), runtime: library.version };
  const model = `model ${id.name} version ${id.version}`;
  logger?.info(fields, `${model}: loading with ${describeRuntime(library)}`);
}

/** How many calls of a version run at the same time, if nobody says. */
export function defaultInterpreters(): number {
  return Math.min(nativeRuns.limit, availableParallelism());
}

/** A loop may have run once when it was measured, and run for ever the next time. */
function executionOf({ hasLoops }: ModelFile, execution: Execution = "auto"): Execution {
  return execution === "auto" && hasLoops ? "thread" : execution;
}

/** The first version that has kernels for what `hasPerChannelDense` finds. */
const PER_CHANNEL_DENSE_SINCE = "2.17";

function checkDense(path: string, file: ModelFile, { library }: Tflite): void {
  if (!file.hasPerChannelDense) return;
  if (isVersionWithin(library.version, { atLeast: PER_CHANNEL_DENSE_SINCE })) return;
  throw errors.modelUnsupported(
    `${path} has fully connected layers quantized for each channel, which ${library.name} ${library.version} computes wrongly; convert it with converter._experimental_disable_per_channel_quantization_for_dense_layers = True, or use a library of ${PER_CHANNEL_DENSE_SINCE} or later`,
  );
}

function xnnpackIn(
  { library, hasXnnpack }: Tflite,
  wanted: boolean | undefined,
): "required" | "preferred" | "never" {
  if (!hasXnnpack && wanted) {
    throw errors.modelUnsupported(
      `option useXnnpack is true, but ${library.path} exports no XNNPACK delegate; leave it out to run without`,
    );
  }
  if (!hasXnnpack || wanted === false) return "never";
  return wanted ? "required" : "preferred";
}

/**
 * One run on zeros of every signature that can run; what may have any extent has 1. A model
 * that refuses a guessed shape may have nothing wrong with it.
 */
async function warmUp(
  predictor: TflitePredictor,
  file: ModelFile,
  over?: (outcome: WarmUpOutcome) => void,
): Promise<void> {
  try {
    for (const [signatureName, signature] of predictor.signatures) {
      if (file.signatures.get(signatureName)?.subgraph !== 0) continue;
      await predictor.predict(zeroInputs(signature), { signatureName }).catch((error) => {
        if (!isGuess(signature.inputs) || error.reason !== "TENSOR_SHAPE_REFUSED") throw error;
      });
    }
  } catch (error) {
    over?.({ records: 0, error });
    throw error;
  }
  over?.({ records: 0 });
}

/** Whether 1 is a guess at an extent, other than that of the batch. */
const isGuess = (inputs: Signature["inputs"]) =>
  [...inputs.values()].some(({ shape }) => shape?.slice(1).includes(-1));
