import {
  COMPLETE,
  incomplete,
  isServingError,
  type Loader,
  mapVersions,
  RAM_BYTES,
  type ServableId,
  type StoragePath,
  servableId,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import { batchDimension } from "./batch-dimension.js";
import type { ModelLifecycle, ModelLoadContext } from "./define-model.js";
import { errors } from "./errors.js";
import { guard } from "./guard.js";
import { type CallContext, ModelCall } from "./model-call.js";
import type { ModelType } from "./model-type.js";
import type { Platform } from "./platform.js";
import type { PredictOptions, Predictor } from "./predictor.js";
import type { PredictorLike } from "./predictor-like.js";
import { DEFAULT_SIGNATURE } from "./signature.js";
import type { Tensors } from "./tensor.js";
import { kindOf } from "./typed-array.js";
import type { AnyValues } from "./values.js";

/**
 * A model that `defineModel` or `defineSignatures` made. Pass it to `createModelServer` as one of `models`; with
 * `accepts`, as one of `platforms`.
 *
 * @example
 * ```ts
 * const identity: DefinedModel = defineModel({
 *   inputs: { x: spec.float32([-1]) },
 *   outputs: { y: spec.float32([-1]) },
 *   predict: ({ x }) => ({ y: x }),
 * });
 * await createModelServer({ models: { identity } });
 * ```
 */
export interface DefinedModel<T extends ModelType = ModelType> extends Platform {
  /** The inputs and outputs of each signature, as defined. */
  readonly signatures: T["signatures"];
  readonly batchable: boolean;
  /** True if the model has `accepts`, and so is a platform that reads folders of versions. */
  readonly readsFolders: boolean;
  /** The loader of one version. Default: version 1 of a model without files. */
  loader(storage?: StoragePath, id?: ServableId): Loader<Predictor>;
}

/** Returns whether a value is a model that `defineModel` or `defineSignatures` made. */
export function isDefinedModel(value: unknown): value is DefinedModel {
  if (typeof value !== "function") return false;
  const { readsFolders, signatures, loader } = value as Partial<DefinedModel>;
  return (
    typeof readsFolders === "boolean" && signatures !== undefined && typeof loader === "function"
  );
}

type Answer = Readonly<Record<string, AnyValues>>;
type Predict = (inputs: Tensors, loaded: unknown, context: CallContext) => Answer | Promise<Answer>;

/** A definition of either kind, without its types. */
export interface Definition extends ModelLifecycle<unknown> {
  readonly signatures: ModelType["signatures"];
  readonly predict: Readonly<Record<string, Predict>>;
}

/** Makes the model. `by` is the function that the author called. */
export function definedModel(by: string, definition: Definition): DefinedModel {
  checkDefinition(by, definition);
  const { name = "defined-model", accepts, signatures, batchable = false } = definition;
  const looksRight = async (path: string) => {
    try {
      return (await accepts?.(path)) ?? false;
    } catch {
      return false;
    }
  };
  const loader = (storage: StoragePath = { path: "" }, id = servableId(name, 1)) =>
    loaderOf(definition, storage, id);
  const adapter = mapVersions(loader);
  return Object.assign((source: Parameters<Platform>[0]) => adapter(source), {
    platformName: name,
    signatures,
    batchable,
    readsFolders: accepts !== undefined,
    accepts: looksRight,
    isComplete: async (path: string) =>
      (await looksRight(path)) ? COMPLETE : incomplete(`accepts of "${name}" returned false`),
    loader,
  });
}

function loaderOf(definition: Definition, storage: StoragePath, id: ServableId): Loader<Predictor> {
  const { path, sizeBytes = 0, options = {} } = storage;
  return {
    estimateResources: async () => ({ [RAM_BYTES]: Math.ceil(1.2 * sizeBytes) }),
    async load({ signal, clock = systemClock, logger = silentLogger }) {
      signal.throwIfAborted();
      const context = { path, id, options, signal, clock, logger };
      const loaded = await load(definition, context);
      const { dispose } = definition;
      if (signal.aborted) {
        await dispose?.(loaded);
        throw signal.reason;
      }
      return guard(predictorOf(definition, context, loaded), { clock, where: `"${id.name}"` });
    },
  };
}

async function load({ load }: Definition, context: ModelLoadContext): Promise<unknown> {
  try {
    return await load?.(context);
  } catch (error) {
    context.signal.throwIfAborted(); // throw the abort's reason, not an error that the abort caused
    const { path } = context;
    const isClear = isServingError(error) && error.message.includes(path);
    throw isClear ? error : errors.loadThrew(path, error);
  }
}

function predictorOf(
  { signatures, batchable = false, predict, dispose }: Definition,
  { clock }: ModelLoadContext,
  loaded: unknown,
): PredictorLike {
  const outputs = new Map(Object.entries(signatures).map(([n, s]) => [n, Object.keys(s.outputs)]));
  return {
    signatures: checked(signatures),
    batchable,
    predict(inputs: Tensors, options: PredictOptions = {}) {
      const { signature = DEFAULT_SIGNATURE } = options;
      const call = new ModelCall(signature, outputs.get(signature) ?? [], options, clock);
      const run = predict[signature] as Predict;
      if (options.deadlineAtMs === undefined) return run(inputs, loaded, call);
      return ending(call, () => run(inputs, loaded, call));
    },
    async [Symbol.asyncDispose]() {
      await dispose?.(loaded);
    },
  };
}

/** Signatures that check shapes, because the author's code relies on them. */
const checked = (signatures: ModelType["signatures"]): PredictorLike["signatures"] =>
  Object.fromEntries(
    Object.entries(signatures).map(([name, one]) => [name, { ...one, checksShapes: true }]),
  );

/** Runs a call, and clears its timer when the call has ended. */
function ending(call: ModelCall, run: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
  let isPending = false;
  try {
    const answer = run();
    if (!(answer instanceof Promise)) return answer;
    isPending = true;
    return answer.finally(() => call[Symbol.dispose]());
  } finally {
    if (!isPending) call[Symbol.dispose]();
  }
}

const MEMBERS: ReadonlySet<string> = new Set([
  ...["name", "batchable", "accepts", "load", "dispose"],
  ...["inputs", "outputs", "signatures", "predict"],
]);

/** Rejects what TypeScript would reject: plain JavaScript programs have no types. */
function checkDefinition(by: string, definition: Definition): void {
  const { signatures, predict, batchable, accepts, load, dispose } = definition;
  for (const name of Object.keys(definition)) {
    if (!MEMBERS.has(name)) {
      throw new TypeError(`${by}: unknown member "${name}"; expected ${[...MEMBERS].join(", ")}`);
    }
  }
  for (const [name, member] of Object.entries({ accepts, load, dispose })) {
    if (member === undefined || typeof member === "function") continue;
    throw new TypeError(`${by}: ${name} must be a function; got ${kindOf(member)}`);
  }
  const specs = { signatures, batchable: batchable ?? false, predict: () => ({}) };
  guard(specs, { where: by });
  for (const [name, signature] of Object.entries(signatures)) {
    const run = predict?.[name];
    if (typeof run !== "function") {
      throw new TypeError(`${by}: predict of ${name} must be a function; got ${kindOf(run)}`);
    }
    if (batchable) checkBatchable(by, signature);
  }
}

function checkBatchable(by: string, { inputs, outputs }: ModelType["signatures"][string]): void {
  for (const [name, spec] of Object.entries({ ...inputs, ...outputs })) {
    if (batchDimension(spec) !== "fixed") continue;
    throw errors.predictorUnfit(
      by,
      `"${name}" must have -1 as its first extent, because batchable is true; got [${spec.shape}]`,
    );
  }
}
