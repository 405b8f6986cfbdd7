import { availableParallelism } from "node:os";
import {
  type Clock,
  type LoadContext,
  type Logger,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import { type RowVerdict, TensorRecord, type Tensors } from "@serving-kit/inference";
import {
  type Execution,
  NativeExecutor,
  nativeRuns,
  returnFreedMemory,
} from "@serving-kit/native-library";
import { probeRows } from "./batch-probe.js";
import { errors } from "./errors.js";
import { externalFiles, missingExternalData } from "./external-data.js";
import type { ModelFacts } from "./file/model-facts.js";
import { withoutZipMaps } from "./file/without-zip-maps.js";
import { findModel } from "./find-model.js";
import { type OnnxRuntime, openOnnxRuntime } from "./native/library.js";
import { createSession, releaseSession } from "./native/session.js";
import { SessionRunner } from "./native/session-runner.js";
import { OnnxPredictor } from "./onnx-predictor.js";
import type { OnnxOptions } from "./options.js";
import { OrtFailure } from "./ort-failure.js";
import { readModel } from "./read-model.js";
import { verdictOfFile } from "./rows/graph-rows.js";
import {
  declaresBatch,
  type ServedModel,
  type ServedSignature,
  servedSignature,
  withSeenShapes,
} from "./served-model.js";
import { sharedSessions } from "./share.js";
import { warmUp } from "./warm-up.js";

/** The part of the load context that a model uses. */
type OnnxLoadContext = Partial<LoadContext> & {
  /** The library, which may be opening already. Default: it is opened while the file is read. */
  readonly opening?: Promise<OnnxRuntime>;
};

/** A model whose file has at least this size has freed memory after loading. */
const LARGE_BYTES = 2 ** 20;

/** Maximum time in ms of the probe of the rows. */
const PROBE_MS = 1_000;

/**
 * Loads the model at a path: reads and checks the file while ONNX Runtime is opened, creates a session, warms it up and
 * probes whether its rows are independent. Aborts between these steps, and while the session is created, with the
 * signal's reason.
 */
export async function loadModel(
  path: string,
  options: OnnxOptions,
  context: OnnxLoadContext = {},
): Promise<OnnxPredictor> {
  const { signal, clock = systemClock, opening = openOnnxRuntime(options.library) } = context;
  opening.catch(() => {}); // An error of the file comes first.
  const file = await findModel(path, options.file);
  const { bytes, facts } = await readModel(file, signal);
  externalFiles(file, facts);
  const missing = await missingExternalData(file, facts);
  if (missing !== undefined) throw errors.modelFileInvalid(file, missing);
  const served = servedSignature(file, facts);
  const runtime = await opening;
  signal?.throwIfAborted();
  const source = { path: file, bytes: withoutZipMaps(bytes, facts), options };
  const creating = createSession(runtime, source, signal).catch((error) => {
    throw loadError(runtime, file, facts, error);
  });
  // Computed while a thread creates the session.
  const rowVerdict = verdictOfFile(bytes, facts, served.signature, outputNames(facts));
  const session = await creating;
  try {
    const loaded = { path: file, session, facts, served, rowVerdict };
    const model = await finishModel(runtime, loaded, options, context);
    if (isLarge(bytes, facts)) await returnFreedMemory();
    signal?.throwIfAborted();
    return openModel(runtime, model, clock);
  } catch (error) {
    await releaseSession(runtime, session);
    throw error;
  }
}

/** Returns whether loading has freed so much memory that returning it to the system is worth the time. */
const isLarge = (bytes: Uint8Array, { external }: ModelFacts) =>
  bytes.length >= LARGE_BYTES || external.length > 0;

/** Makes the predictor that owns the session. */
function openModel(runtime: OnnxRuntime, model: ServedModel, clock: Clock): OnnxPredictor {
  const hold = sharedSessions.own(runtime.library.path, model, async () => {
    await releaseSession(runtime, model.session);
    await returnFreedMemory();
  });
  return new OnnxPredictor(runtime, model, hold, clock);
}

interface LoadedSession {
  readonly path: string;
  readonly session: bigint;
  readonly facts: ModelFacts;
  readonly served: ServedSignature;
  readonly rowVerdict: RowVerdict;
}

const outputNames = ({ outputs }: ModelFacts) => outputs.map(({ name }) => name);

/** Runs the session to determine facts that are not in the file. */
async function finishModel(
  runtime: OnnxRuntime,
  { path, session, facts, served, rowVerdict }: LoadedSession,
  options: OnnxOptions,
  context: OnnxLoadContext,
): Promise<ServedModel> {
  const { signal, clock = systemClock, logger = silentLogger } = context;
  const names = {
    inputs: facts.inputs.map(({ name }) => name),
    outputs: outputNames(facts),
  };
  const executor = new NativeExecutor({ execution: "thread", clock });
  const runner = new SessionRunner(runtime, executor, { session, ...names }, clock);
  const runWithin = (deadlineAtMs?: number) => async (inputs: Tensors) => {
    const given = names.inputs.filter((name) => Object.hasOwn(inputs, name));
    const limits = { signal, deadlineAtMs };
    return runner.run(inputs, given, names.outputs, limits);
  };
  try {
    const { signature, labels } = served;
    const { warmup = true } = options;
    const seen = warmup ? await warmUp(runWithin(), signature, { ...context, logger }) : {};
    signal?.throwIfAborted();
    const corrected = withSeenShapes(signature, Object.assign(new TensorRecord(), seen));
    const probe = () => probeRows(runWithin(clock.now() + PROBE_MS), signature);
    const batchable =
      options.batchable ?? (declaresBatch(corrected) && (await isIndependent(path, probe, logger)));
    signal?.throwIfAborted();
    return {
      ...{ path, session, ...names, labels, signature: corrected, batchable, rowVerdict },
      execution: executionOf(facts, options.execution),
      concurrency: options.concurrency ?? Math.min(nativeRuns.limit, availableParallelism() + 1),
    };
  } finally {
    runner.close();
  }
}

async function isIndependent(
  path: string,
  probe: () => ReturnType<typeof probeRows>,
  logger: Logger,
): Promise<boolean> {
  const outcome = await probe();
  if (outcome.isIndependent) return true;
  const { reason } = outcome;
  const why = outcome.isIndependent === undefined ? `it is not known whether: ${reason}` : reason;
  logger.info(
    {},
    `${path}: calls are not joined into batches: ${why}; option batchable decides it`,
  );
  return false;
}

/** A loop may run once in a measured run, and indefinitely in the next. */
function executionOf({ operators }: ModelFacts, execution: Execution = "auto"): Execution {
  const hasLoops = operators.has("Loop") || operators.has("Scan");
  return execution === "auto" && hasLoops ? "thread" : execution;
}

function loadError(
  { library }: OnnxRuntime,
  path: string,
  { opsets }: ModelFacts,
  error: unknown,
): unknown {
  if (!(error instanceof OrtFailure)) return error;
  const { message } = error;
  const name = `${library.name} ${library.version}`;
  if (/locale/i.test(message)) return errors.localeMissing(path, error);
  if (/execution provider|custom op|shared library|Failed to load library/i.test(message)) {
    return errors.sessionOptionsRefused(name, error);
  }
  const custom = [...opsets.keys()].filter((domain) => !KNOWN_DOMAINS.has(domain));
  const hint = /opset|IR version/i.test(message)
    ? ". Use a newer library, or export the model for an older operator set"
    : /not a registered function\/op|No Op registered/i.test(message) && custom.length > 0
      ? `. If its operators of ${custom.join(", ")} are custom ones, pass the path of their library in the option customOpLibraries`
      : "";
  return errors.modelRefused(path, name, error, hint);
}

/** The domains of ONNX Runtime's built-in operators. */
const KNOWN_DOMAINS = new Set(["", "ai.onnx", "ai.onnx.ml", "com.microsoft"]);
