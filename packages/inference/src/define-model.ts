import type { Clock, Logger, ServableId } from "@serving-kit/core";
import { type DefinedModel, definedModel } from "./defined-model.js";
import type { CallContext } from "./model-call.js";
import type {
  Answer,
  Given,
  ModelType,
  OneSignature,
  SignatureSpecs,
  Specs,
} from "./model-type.js";
import { DEFAULT_SIGNATURE } from "./signature.js";

declare const hidden: unique symbol;

/**
 * The type of `predict`'s second argument if there is no `load`, or if `load` comes after `predict`. Write `load`
 * before `predict`: TypeScript infers from top to bottom.
 */
export interface NoLoadBeforePredict {
  readonly [hidden]?: undefined;
}

type MaybePromise<T> = T | Promise<T>;

/** The argument of a defined model's `load`. */
export interface ModelLoadContext {
  /** The path of the version's files. Empty if the model was not given one. */
  readonly path: string;
  readonly id: ServableId;
  /** The options of this model in the configuration. Empty if there are none. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Aborts when the version is no longer wanted. */
  readonly signal: AbortSignal;
  /** Receives messages for the operator. */
  readonly logger: Logger;
  /** The clock of call deadlines. */
  readonly clock: Clock;
}

/** The members of a definition that do not depend on its signatures. */
export interface ModelLifecycle<C> {
  /** The name as a platform in configuration (`model_platform`). Default `defined-model`. */
  readonly name?: string | undefined;
  /** True if dimension 0 of every input and output is the batch, so that calls can be joined. Default false. */
  readonly batchable?: boolean | undefined;
  /**
   * Returns whether the files at `path` are a model of this definition. With `accepts`, the definition is a platform,
   * which serves folders of versions. Without it, the definition is version 1 of one model and needs no files.
   */
  readonly accepts?: ((path: string) => MaybePromise<boolean>) | undefined;
  /** Returns the second argument of `predict`. Must come before `predict`. Default: nothing is loaded. */
  readonly load?: (context: ModelLoadContext) => MaybePromise<C>;
  /** Frees what `load` returned. Called once, after the last call has ended. */
  readonly dispose?: ((loaded: C) => MaybePromise<void>) | undefined;
}

/** A model of one signature, `serving_default`: see `defineModel`. */
export interface ModelDefinition<I, O, C> extends ModelLifecycle<C> {
  /** The inputs by name. */
  readonly inputs: I;
  /** The outputs by name. */
  readonly outputs: O;
  /** Computes the outputs: Tensors, typed arrays of the dtype, or nested arrays. Must not modify the inputs. */
  readonly predict: (inputs: Given<I>, loaded: C, context: CallContext) => MaybePromise<Answer<O>>;
}

/** A model of several signatures: see `defineSignatures`. */
export interface SignaturesDefinition<S extends ModelType["signatures"], C>
  extends ModelLifecycle<C> {
  /** The inputs and outputs of each signature by name. */
  readonly signatures: S;
  /** A function for each signature, as `ModelDefinition.predict`. */
  readonly predict: {
    readonly [K in keyof S]: (
      inputs: Given<S[K]["inputs"]>,
      loaded: C,
      context: CallContext,
    ) => MaybePromise<Answer<S[K]["outputs"]>>;
  };
}

/**
 * Defines a custom model with one signature. `guard` enforces the contract of `Predictor`.
 *
 * @example
 * ```ts
 * const double = defineModel({
 *   inputs: { x: spec.float32([-1]) },
 *   outputs: { y: spec.float32([-1]) },
 *   batchable: true,
 *   predict: ({ x }) => ({ y: x.data.map((value) => 2 * value) }),
 * });
 * const models = await createModelServer({ models: { double } });
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / PREDICTOR_UNFIT if the specs are not valid; TypeError for another member.
 */
export function defineModel<const I extends Specs, const O extends Specs, C = NoLoadBeforePredict>(
  definition: ModelDefinition<I, O, C>,
): DefinedModel<OneSignature<I, O>> {
  const { inputs, outputs, predict, ...lifecycle } = definition;
  const signatures = { [DEFAULT_SIGNATURE]: { inputs, outputs } as SignatureSpecs };
  const several = { ...lifecycle, signatures, predict: { [DEFAULT_SIGNATURE]: predict } };
  return definedModel("defineModel", several as never) as DefinedModel<OneSignature<I, O>>;
}

/**
 * Defines a custom model with several signatures, each with its own `predict` function.
 *
 * @example
 * ```ts
 * const words = defineSignatures({
 *   load: async ({ path }) => ({ labels: await readLabels(path) }),
 *   signatures: {
 *     classify: { inputs: { x: spec.float32([-1, 4]) }, outputs: { label: spec.string([-1]) } },
 *     regress: { inputs: { x: spec.float32([-1, 4]) }, outputs: { y: spec.float32([-1]) } },
 *   },
 *   predict: {
 *     classify: ({ x }, { labels }) => ({ label: rowsOf(x).map(([first = 0]) => labels[first] ?? "") }),
 *     regress: ({ x }) => ({ y: rowsOf(x).map(([first = 0]) => first) }),
 *   },
 * });
 * ```
 *
 * @throws as `defineModel`.
 */
export function defineSignatures<const S extends ModelType["signatures"], C = NoLoadBeforePredict>(
  definition: SignaturesDefinition<S, C>,
): DefinedModel<{ readonly signatures: S }> {
  return definedModel("defineSignatures", definition as never) as DefinedModel<{
    readonly signatures: S;
  }>;
}
