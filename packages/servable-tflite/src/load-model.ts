import { type LoadContext, systemClock } from "@serving-kit/core";
import type { Delegation } from "@serving-kit/inference";
import { type Execution, NativeExecutor } from "@serving-kit/native-library";
import { defaultInterpreters } from "./default-interpreters.js";
import { describeRuntime } from "./describe-runtime.js";
import { errors } from "./errors.js";
import { findModel } from "./find-model.js";
import type { Graph } from "./graph/graph.js";
import type { ModelFile } from "./model-description.js";
import { hasFixedBatch, isBatchable, parseModelFile, readingFile } from "./model-file.js";
import { ModelLog } from "./model-log.js";
import { openTflite, type Tflite } from "./native/library.js";
import { NativeModel } from "./native/model.js";
import { guardModel } from "./operands/guard-operands.js";
import type { OperandGuard } from "./operands/operand-guard.js";
import type { TfliteOptions } from "./options.js";
import { type ReadModel, readModel } from "./read-model.js";
import { requirementsOf, unmetRequirements } from "./requirements/runtime-requirements.js";
import { xnnpackFault } from "./requirements/xnnpack-faults.js";
import { rowDependence } from "./row-independence.js";
import { verdictOf } from "./rows/graph-rows.js";
import { type ModelBytes, shareModel } from "./share.js";
import { TflitePredictor, type TflitePredictorOptions } from "./tflite-predictor.js";
import { warmUp } from "./warm-up.js";

/** The part of the load context that a model uses. */
type TfliteLoadContext = Partial<LoadContext> & {
  /** The library, which may be opening already. Default: it is opened when the file is read. */
  readonly opening?: Promise<Tflite>;
};

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
  const model = await readModel(modelPath, context.signal);
  return openModel({ path: modelPath, ...model }, options, context);
}

/** Loads a model from bytes in memory. If threads share the buffer, nothing else may write to it. */
export async function openModel(
  { path, bytes, parsed = parseModelFile(path, bytes) }: ModelBytes & ReadModel,
  options: TfliteOptions,
  context: TfliteLoadContext = {},
): Promise<TflitePredictor> {
  const { signal, clock = systemClock } = context;
  const { graph, file, bytes: runnable } = parsed;
  const tflite = await (context.opening ?? openTflite(options.library));
  const log = new ModelLog(context);
  log.info(`loading with ${describeRuntime(tflite.library)}`, { runtime: tflite.library.version });
  signal?.throwIfAborted();
  await checkRuntime(path, graph, tflite);
  const { version } = tflite.library;
  const guards = guardModel(path, graph, runnableIn(file, tflite), { ...options, version });
  const executor = new NativeExecutor({ execution: executionOf(file, options.execution), clock });
  const loaded = allocatable(path, file, guards, options);
  const newModel = () => new NativeModel(tflite, executor, { path, file: loaded, bytes: runnable });
  const settings: TflitePredictorOptions = {
    ...settingsOf(options),
    interpreters: interpretersOf(file, options),
    xnnpack: xnnpackFor(graph, tflite, options.useXnnpack, log),
    clock,
    guards,
    rowVerdicts: new Map(
      [...file.signatures].map(([name, signature]) => [name, verdictOf(graph, signature)]),
    ),
    onDelegation: (delegation) => logDelegation(log, delegation),
    share: () => shareModel({ path, bytes }, { ...options, library: tflite.library.path }),
  };
  const hasIndependentRows =
    options.batch === "resize" && (await tryRows(newModel(), settings, log));
  signal?.throwIfAborted();
  const predictor = await TflitePredictor.create(newModel(), { ...settings, hasIndependentRows });
  return warmedUp(predictor, options, context);
}

/** Converts the caller's options to the predictor's. */
function settingsOf(options: TfliteOptions) {
  const { threads = 1, state, dequantize = false, resizeFixed = false } = options;
  const hasIndependentRows = false;
  return {
    threads,
    keepsState: state === "keep",
    dequantize,
    resizesFixed: resizeFixed,
    hasIndependentRows,
  };
}

/** Warms a predictor up, or disposes it if that fails or is aborted. */
async function warmedUp(
  predictor: TflitePredictor,
  { warmup = true }: TfliteOptions,
  context: TfliteLoadContext,
): Promise<TflitePredictor> {
  const { signal, warmingUp, clock = systemClock } = context;
  try {
    signal?.throwIfAborted();
    if (warmup) {
      await warmUp(predictor, { clock, log: new ModelLog(context), signal, over: warmingUp?.() });
    }
    signal?.throwIfAborted();
    return predictor;
  } catch (error) {
    await predictor[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Returns the file to load. If every call with the file's own shapes fails, tensors are allocated only in a call.
 *
 * @throws ServingError UNIMPLEMENTED / MODEL_UNSUPPORTED if no other shapes are possible.
 */
function allocatable(
  path: string,
  file: ModelFile,
  guards: ReadonlyMap<string, OperandGuard>,
  { resizeFixed = false }: TfliteOptions,
): ModelFile {
  for (const [name, guard] of guards) {
    if (file.signatures.get(name)?.subgraph !== 0) continue;
    const { problem } = guard;
    if (problem === undefined) continue;
    if (file.extents === "known" && !resizeFixed) {
      throw errors.modelUnsupported(`${path} cannot run: ${problem.message}`, problem);
    }
    return { ...file, extents: "unknown" };
  }
  return file;
}

/** Returns the signatures that the runtime can run. */
function runnableIn({ signatures }: ModelFile, { hasSignatureRunners }: Tflite) {
  return [...signatures].filter(([, { subgraph }]) => hasSignatureRunners || subgraph === 0);
}

/**
 * Probes whether the rows of a model with a fixed batch of 1 are independent. It uses separate interpreters: XNNPACK
 * may not accept the graph in another batch size, which would slow down all calls.
 */
async function tryRows(
  model: NativeModel,
  settings: TflitePredictorOptions,
  log: ModelLog,
): Promise<boolean> {
  if (isBatchable(model.file) || !hasFixedBatch(model.file)) {
    model.close();
    return false;
  }
  const { onDelegation: _, ...others } = settings;
  const options = { ...others, interpreters: 1, dequantize: false, hasIndependentRows: true };
  const predictor = await TflitePredictor.create(model, options);
  const reason = await whyDependent(predictor).finally(() => predictor[Symbol.asyncDispose]());
  log.info(
    reason === undefined
      ? "rows are independent: calls can be batched"
      : `calls are not batched: ${reason}`,
  );
  return reason === undefined;
}

/** Returns why rows cannot be joined into a batch; undefined if they can. */
async function whyDependent(predictor: TflitePredictor): Promise<string | undefined> {
  const delegated = predictor.delegation?.delegated ?? 0;
  const reason = await rowDependence(predictor);
  if (reason !== undefined) return reason;
  const isDelegatedLess = (predictor.delegation?.delegated ?? 0) < delegated;
  return isDelegatedLess ? "XNNPACK does not take it in another batch" : undefined;
}

function logDelegation(log: ModelLog, { delegated, operators }: Delegation): void {
  if (delegated === operators) return;
  const rest = delegated === 0 ? "all" : operators - delegated;
  log.info(
    `XNNPACK runs ${delegated} of ${operators} operators; TensorFlow Lite's own kernels run ${rest}`,
    { delegatedOperators: delegated, operators },
  );
}

/** Calls that share variables run sequentially. */
function interpretersOf({ state }: ModelFile, options: TfliteOptions): number {
  if (state !== "none" && options.state === "keep") return 1;
  return options.interpreters ?? defaultInterpreters();
}

/** A loop may run once in a measured run, and indefinitely in the next. */
function executionOf({ hasOpenRunTime }: ModelFile, execution: Execution = "auto"): Execution {
  return execution === "auto" && hasOpenRunTime ? "thread" : execution;
}

/** @throws ServingError UNIMPLEMENTED / MODEL_UNSUPPORTED with everything that the runtime lacks. */
async function checkRuntime(path: string, graph: Graph, { library }: Tflite): Promise<void> {
  const reasons = await unmetRequirements(
    readingFile(path, () => requirementsOf(graph)),
    library,
  );
  if (reasons.length > 0) throw errors.modelUnsupported(`${path} ${reasons.join(". It ")}`);
}

function xnnpackFor(
  graph: Graph,
  { library, hasXnnpack }: Tflite,
  wanted: boolean | undefined,
  log: ModelLog,
): "required" | "preferred" | "never" {
  if (!hasXnnpack && wanted) {
    throw errors.modelUnsupported(
      `option useXnnpack is true, but ${library.path} exports no XNNPACK delegate; leave it out to run without`,
    );
  }
  if (!hasXnnpack || wanted === false) return "never";
  const fault = xnnpackFault(graph, library.version);
  if (fault === undefined) return wanted ? "required" : "preferred";
  const reason = `XNNPACK of ${library.name} ${library.version} computes ${fault} wrongly`;
  if (wanted) {
    throw errors.modelUnsupported(
      `option useXnnpack is true, but ${reason}; leave it out to run without`,
    );
  }
  log.info(`${reason}; TensorFlow Lite's own kernels run all operators`);
  return "never";
}
