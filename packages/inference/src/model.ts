import type { ServableId } from "@serving-kit/core";
import type { DefaultOf, InputsOf, ModelType, Outputs, OutputsOf } from "./model-type.js";

/**
 * Options of one prediction.
 *
 * @example
 * ```ts
 * const options: ModelCallOptions = { outputs: ["probabilities"], timeoutMs: 50 };
 * await (await loadModel("models/digits")).predict({ image: pixels }, options);
 * ```
 */
export interface ModelCallOptions<S = string, O = string> {
  /** The signature to call. Default `serving_default`. */
  readonly signature?: S | undefined;
  /** The outputs to compute. Default all. An empty list is the same as all. */
  readonly outputs?: readonly O[] | undefined;
  /** Aborts the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Time in ms after which the call rejects with DEADLINE_EXCEEDED. Default none. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Options of one prediction of a server's model.
 *
 * @example
 * ```ts
 * const options: ServerCallOptions = { label: "stable", timeoutMs: 50 };
 * await models.predict("digits", { image: pixels }, options);
 * ```
 */
export interface ServerCallOptions<S = string, O = string> extends ModelCallOptions<S, O> {
  /** The version to call. Default the newest that is available. Not together with `label`. */
  readonly version?: bigint | number | undefined;
  /** The label of the version to call. Default none. */
  readonly label?: string | undefined;
}

/** The answer of a call, with the version that returned it. */
export interface ModelAnswer<R> {
  readonly outputs: R;
  /** The model and version that answered. */
  readonly id: ServableId;
}

/**
 * One callable model: the result of `loadModel`, or a server's model.
 *
 * @example
 * ```ts
 * const classify = async (digits: Model) => (await digits.predict({ image: pixels })).probabilities;
 * await classify(await loadModel("models/digits"));
 * await classify(models.model("digits"));
 * ```
 */
export interface Model<T extends ModelType = ModelType> extends AsyncDisposable {
  /** The inputs and outputs of each signature. */
  readonly signatures: T["signatures"];
  /** The name of the platform that runs the model; undefined if a server detects the platform of each version. */
  readonly platform: string | undefined;
  /** The loaded version; for a server's model, the version that a call would use now. */
  readonly version: bigint;
  /**
   * Computes the outputs of a signature. Inputs are values that `toTensor` converts.
   *
   * @throws ServingError INVALID_ARGUMENT with the input's name, what was expected and what was received.
   */
  predict<
    S extends keyof T["signatures"] & string = DefaultOf<T>,
    O extends keyof OutputsOf<T, S> & string = keyof OutputsOf<T, S> & string,
  >(inputs: InputsOf<T, S>, options?: ModelCallOptions<S, O>): Promise<Outputs<OutputsOf<T, S>, O>>;
  /** Waits for calls in flight and frees the model. No-op for a server's model, which the server owns. */
  close(): Promise<void>;
}

/** The models of a server whose types are not known. */
export interface OpenModels {
  readonly [name: string]: ModelType;
}

/** Predictions of a server's models within the process: counted, traced and logged like the calls of clients. */
export interface ModelCalls<M extends { [N in keyof M]: ModelType } = OpenModels> {
  /**
   * Calls a model and returns its outputs. Inputs are values that `toTensor` converts.
   *
   * @throws ServingError NOT_FOUND / SERVABLE_NOT_FOUND if no version is available; INVALID_ARGUMENT with the input's
   * name, what was expected and what was received.
   */
  predict<
    N extends keyof M & string,
    S extends keyof M[N]["signatures"] & string = DefaultOf<M[N]>,
    O extends keyof OutputsOf<M[N], S> & string = keyof OutputsOf<M[N], S> & string,
  >(
    name: N,
    inputs: InputsOf<M[N], S>,
    options?: ServerCallOptions<S, O>,
  ): Promise<Outputs<OutputsOf<M[N], S>, O>>;
  /** The same as `predict`, with the version that answered. */
  call<
    N extends keyof M & string,
    S extends keyof M[N]["signatures"] & string = DefaultOf<M[N]>,
    O extends keyof OutputsOf<M[N], S> & string = keyof OutputsOf<M[N], S> & string,
  >(
    name: N,
    inputs: InputsOf<M[N], S>,
    options?: ServerCallOptions<S, O>,
  ): Promise<ModelAnswer<Outputs<OutputsOf<M[N], S>, O>>>;
  /** Returns one model, to pass to other code. */
  model<N extends keyof M & string>(name: N): Model<M[N]>;
}
