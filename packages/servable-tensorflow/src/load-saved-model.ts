import { availableParallelism } from "node:os";
import { isServingError, type LoadContext, systemClock } from "@serving-kit/core";
import { batchDimension, type Predictor, type Signature } from "@serving-kit/inference";
import { nativeRuns, returnFreedMemory } from "@serving-kit/native-library";
import { missingParts } from "./completeness.js";
import { errors } from "./errors.js";
import { openTensorFlow, type TensorFlow } from "./native/library.js";
import { loadFoundOpLibraries, loadOpLibrary } from "./native/op-library.js";
import { SavedModelSession, type SessionSource } from "./native/saved-model-session.js";
import type { TensorFlowOptions } from "./options.js";
import type { GraphDef } from "./proto/messages.js";
import { graphDefType } from "./proto/schema.js";
import { readGraph } from "./read-graph.js";
import { rowFactsOf, runTraits, verdictsIn } from "./rows/row-facts.js";
import { selectMetaGraph, takeSavedModel } from "./saved-model.js";
import { SavedModelPredictor, type ServedModel } from "./saved-model-predictor.js";
import { sessionConfig } from "./session-config.js";
import { settleVariables } from "./settle-variables.js";
import { sharedSessions } from "./share.js";
import { readWarmUpRequests } from "./warm-up/prediction-log.js";
import { syntheticWarmUp, type WarmUpRequest } from "./warm-up/warm-up-request.js";

/** The tag that exporters give a graph for serving. */
const SERVE = "serve";

/** Operations for each row up to which several threads gain nothing: see docs/decisions/0029. */
const SMALL_WORK = 200_000;

/** The part of the load context that a model uses. */
type SavedModelLoadContext = Omit<LoadContext, "id"> & {
  /** The library, which may be opening already. Default: it is opened when the files are read. */
  readonly opening?: Promise<TensorFlow>;
};

/**
 * Loads the SavedModel in a folder: reads and checks the files, opens TensorFlow, restores the
 * session and warms it up. Aborts between these steps with the signal's reason.
 */
export async function loadSavedModel(
  path: string,
  options: TensorFlowOptions,
  context: SavedModelLoadContext,
): Promise<SavedModelPredictor> {
  const { signal, clock = systemClock } = context;
  const saved = await readSavedModel(path, options);
  const tensorflow = await (context.opening ?? openTensorFlow(options.library));
  for (const library of options.opLibraries ?? []) await loadOpLibrary(tensorflow, library);
  signal.throwIfAborted();
  const session = await restoreSession(tensorflow, path, saved, options);
  const model = servedModel(path, saved, session, options);
  const hold = sharedSessions.own(tensorflow.library.path, model, async () => {
    await session.close();
    await returnFreedMemory();
  });
  const predictor = new SavedModelPredictor(tensorflow, model, hold, clock);
  try {
    await warmUp(path, predictor, options, context);
    signal.throwIfAborted();
    return predictor;
  } catch (error) {
    await predictor[Symbol.asyncDispose]();
    throw error;
  }
}

/** The files of a SavedModel, read and checked: the graph for serving, and what its operations tell about rows. */
async function readSavedModel(path: string, { tags = [SERVE] }: TensorFlowOptions) {
  const graphs = await takeSavedModel(path);
  const graph = selectMetaGraph(path, graphs, tags);
  const missing = await missingParts(path, graphs);
  if (missing !== undefined) throw errors.savedModelInvalid(path, missing);
  const definition = readGraph(
    path,
    () => graphDefType.decode(graph.graphDef) as unknown as GraphDef,
  );
  const traits = readGraph(path, () => runTraits(graph, definition));
  const rows = await rowFactsOf(path, graph, definition, traits);
  return { graph, definition, traits, rows };
}

type ReadModel = Awaited<ReturnType<typeof readSavedModel>>;

/** Restores the session and its variables. */
async function restoreSession(
  tensorflow: TensorFlow,
  path: string,
  { graph, definition, rows }: ReadModel,
  options: TensorFlowOptions,
): Promise<SavedModelSession> {
  const session = await loadSession(tensorflow, {
    path,
    graph,
    config: sessionConfig(options),
    usesOneThread: usesOneThread(rows, options),
  });
  try {
    await settleVariables(tensorflow.bindings, session, path, graph, definition);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

function servedModel(
  path: string,
  { graph, traits, rows }: ReadModel,
  session: SavedModelSession,
  options: TensorFlowOptions,
): ServedModel {
  return {
    ...{ path, signatures: graph.signatures, uncallable: graph.uncallable },
    ...{ defaults: graph.defaults, session: session.pointer, tensors: session.tensors },
    batchable: options.batchable ?? isBatchable(graph.signatures),
    ...{ traits, rowVerdicts: verdictsIn(rows) },
    execution: options.execution ?? "auto",
    usesCallerThread: (options.interOpThreads ?? 1) === 1,
    concurrency: options.concurrency ?? Math.min(nativeRuns.limit, availableParallelism()),
  };
}

/**
 * Returns whether the ops of a model use one thread: if the options say so, or if they leave it open and the graph is
 * known to be small. A small op that is split among threads takes longer, because these must wake up.
 */
function usesOneThread(
  rows: ReadModel["rows"],
  { intraOpThreads, sessionConfig }: TensorFlowOptions,
): boolean {
  if (intraOpThreads !== undefined) return intraOpThreads === 1;
  return sessionConfig === undefined && [...rows.values()].every(({ work }) => work <= SMALL_WORK);
}

/** Loads a session. If an op is missing, loads the op libraries of installed packages and tries again. */
async function loadSession(
  tensorflow: TensorFlow,
  source: SessionSource,
): Promise<SavedModelSession> {
  try {
    return await SavedModelSession.load(tensorflow, source);
  } catch (error) {
    const isOpMissing = isServingError(error) && error.details.op !== undefined;
    if (!isOpMissing || !(await loadFoundOpLibraries(tensorflow))) throw error;
    return SavedModelSession.load(tensorflow, source);
  }
}

/** Returns whether every input and output of every signature has an unknown first dimension. */
export function isBatchable(signatures: ReadonlyMap<string, Signature>): boolean {
  const specs = [...signatures.values()].flatMap(({ inputs, outputs }) => [
    ...inputs.values(),
    ...outputs.values(),
  ]);
  const takesInputs = [...signatures.values()].every(({ inputs }) => inputs.size > 0);
  return specs.length > 0 && takesInputs && specs.every((spec) => batchDimension(spec) === "open");
}

async function warmUp(
  path: string,
  predictor: Predictor,
  options: TensorFlowOptions,
  { signal, warmingUp }: Pick<LoadContext, "signal" | "warmingUp">,
): Promise<void> {
  const { warmup = "file" } = options;
  if (warmup === "none") return;
  const over = warmingUp?.();
  let records = 0;
  try {
    const recorded = await readWarmUpRequests(path);
    const isInvented = recorded.length === 0;
    if (isInvented && warmup === "file") return;
    records = (recorded.at(-1)?.record ?? -1) + 1;
    const requests = isInvented ? syntheticWarmUp(predictor.signatures) : recorded;
    await runWarmUp(path, predictor, options, requests, signal);
  } catch (error) {
    over?.({ records, error });
    throw error;
  }
  over?.({ records });
}

async function runWarmUp(
  path: string,
  predictor: Predictor,
  { warmupIterations = 1 }: TensorFlowOptions,
  requests: readonly WarmUpRequest[],
  signal: AbortSignal,
): Promise<void> {
  for (const [i, { inputs, record, ...call }] of requests.entries()) {
    try {
      for (let n = 0; n < warmupIterations; n++) {
        signal.throwIfAborted();
        await predictor.predict(inputs, call);
      }
    } catch (error) {
      const code = isServingError(error) ? error.code : "UNKNOWN";
      // The model itself rejects generated values, such as an empty string that is not a JPEG.
      if (record === undefined && code === "INVALID_ARGUMENT") continue;
      const request =
        record === undefined
          ? `the generated request ${i}`
          : `record ${record} of its warm-up file`;
      throw errors.warmUpFailed(path, request, code, error);
    }
  }
}
