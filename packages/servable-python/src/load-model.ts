import { realpath } from "node:fs/promises";
import type { Clock, Logger, ServableId } from "@serving-kit/core";
import { checkPredictor, type Predictor, type Signature } from "@serving-kit/inference";
import { checkModule, requirementsOf } from "./find-module.js";
import { findInterpreter } from "./interpreter.js";
import type { Settings } from "./options.js";
import { WorkerPool } from "./pool/worker-pool.js";
import { BodyPredictor } from "./predict/body-predictor.js";
import { TensorPredictor } from "./predict/tensor-predictor.js";
import type { LoadTask, WorkerModel } from "./protocol/worker-protocol.js";
import { type ModuleWatch, watchModule } from "./watch-module.js";
import { PythonWorker } from "./worker/python-worker.js";
import { WorkerLog } from "./worker/worker-log.js";
import { environmentOf } from "./worker-environment.js";

/** A module, and the arguments to call it with. */
export interface ModuleCall {
  /** Absolute path of the `.py` file. */
  readonly module: string;
  /** The class or function. Default: the first of `Model` and `load_servable`. */
  readonly exportName?: string | undefined;
  /** The facts of the configuration that the function receives. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** The context of a load. */
export interface ModelContext {
  readonly path: string;
  readonly id: ServableId;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A loaded model, and its workers. */
export interface LoadedModel {
  readonly predictor: Predictor;
  readonly pool: WorkerPool;
}

/** Starts the workers of a version and creates its predictor. */
export async function loadModel(
  call: ModuleCall,
  settings: Settings,
  { path, id, signal, clock, logger }: ModelContext,
): Promise<LoadedModel> {
  await checkModule(call.module);
  const interpreter = await findInterpreter(settings.interpreter);
  const log = new WorkerLog(logger, id);
  const task: LoadTask = {
    module: call.module,
    export: call.exportName ?? null,
    path,
    config: call.config,
    pythonPath: settings.pythonPath,
    requirements: requirementsOf(call.module, path),
    concurrency: settings.concurrency,
  };
  const { startTimeoutMs } = settings;
  const pool = await WorkerPool.open(
    {
      name: `model ${id.name} version ${id.version}`,
      ...settings,
      ...{ clock, log },
      start: (worker, aborted) => {
        const env = environmentOf(settings, worker);
        return PythonWorker.start({ interpreter, env, task, startTimeoutMs, log, clock }, aborted);
      },
    },
    signal,
  );
  const watch = settings.watch ? watchModule(await realpath(call.module), pool, log) : undefined;
  return { pool, predictor: predictorOf(pool, { clock, log }, watch) };
}

function predictorOf(
  pool: WorkerPool,
  services: { readonly clock: Clock; readonly log: WorkerLog },
  watch: ModuleWatch | undefined,
): Predictor {
  const { model } = pool;
  const predictor =
    model.takes === "bodies"
      ? new BodyPredictor(pool, services)
      : new TensorPredictor(pool, { ...model, signatures: signaturesOf(model) }, services);
  if (watch === undefined) return predictor;
  const dispose = predictor[Symbol.asyncDispose].bind(predictor);
  predictor[Symbol.asyncDispose] = async () => {
    await watch[Symbol.asyncDispose]();
    await dispose();
  };
  return predictor;
}

function signaturesOf(model: WorkerModel & { takes: "tensors" }): ReadonlyMap<string, Signature> {
  return new Map(
    Object.entries(model.signatures).map(([name, { inputs, outputs }]) => [
      name,
      {
        inputs: new Map(Object.entries(inputs)),
        outputs: new Map(Object.entries(outputs)),
        checksShapes: true,
      },
    ]),
  );
}

/** Checks a worker's description of its model. @throws ServingError INVALID_ARGUMENT / PREDICTOR_UNFIT. */
export function checkLoaded(where: string, { predictor }: LoadedModel): void {
  checkPredictor(where, predictor);
}
