import { type Clock, unload } from "@serving-kit/core";
import { guard } from "./guard.js";
import { type CallContext, ModelCall } from "./model-call.js";
import type { Given, ModelType, SignatureSpecs, Specs } from "./model-type.js";
import type { PredictOptions, Predictor } from "./predictor.js";
import type { PredictorLike } from "./predictor-like.js";
import { DEFAULT_SIGNATURE } from "./signature.js";
import type { Tensors } from "./tensor.js";
import { toTensors } from "./to-tensor.js";
import { signatureOf } from "./validate-inputs.js";
import type { AnyValues } from "./values.js";

type MaybePromise<T> = T | Promise<T>;

/** The last argument of `before` and `after`. */
export interface MapContext<I = Specs> extends CallContext {
  /** The inputs of the call, as the caller passed them. */
  readonly inputs: Given<I>;
}

/** A `MapDefinition` without its types. */
export interface Mapping extends SignatureSpecs {
  readonly name?: string;
  readonly batchable?: boolean;
  readonly signature?: string;
  readonly expects?: ModelType;
  readonly before?: (inputs: Tensors, context: MapContext) => unknown;
  readonly after?: (
    outputs: Tensors,
    context: MapContext,
  ) => MaybePromise<Readonly<Record<string, AnyValues>>>;
}

/** The facts about a mapped predictor that its mapping does not have. */
export interface MappedFacts {
  /**
   * Name of the mapped platform, under which other threads attach the shared predictor. Default none: it is not shared.
   */
  readonly platform?: string | undefined;
  /** The name of the model, for errors. */
  readonly where: string;
  readonly clock: Clock;
}

/**
 * Adapts the inputs and outputs of a loaded predictor, and takes ownership of the predictor: the part of `mapPredictor`
 * that runs for each version. MP1 to MP6 hold.
 *
 * @throws ServingError INVALID_ARGUMENT / SIGNATURE_NOT_FOUND or PREDICTOR_UNFIT. The predictor is then not disposed.
 */
export function mapLoaded(predictor: Predictor, mapping: Mapping, facts: MappedFacts): Predictor {
  const { signature: name = DEFAULT_SIGNATURE, inputs, outputs, before, after } = mapping;
  const { platform, where, clock } = facts;
  const called = signatureOf(predictor, name);
  const names = Object.keys(outputs);
  const like: PredictorLike = {
    signatures: { [DEFAULT_SIGNATURE]: { inputs, outputs, checksShapes: true } },
    batchable: (mapping.batchable ?? false) && predictor.batchable,
    async predict(given: Tensors, options: PredictOptions = {}) {
      using call = new MappedCall(DEFAULT_SIGNATURE, names, options, clock, given);
      const values = before === undefined ? given : await before(given, call);
      const { signal, deadlineAtMs } = options;
      const answer = await predictor.predict(toTensors(called, values), {
        signature: name,
        ...(signal && { signal }),
        ...(deadlineAtMs !== undefined && { deadlineAtMs }),
      });
      return after === undefined ? answer : await after(answer, call);
    },
    ...(platform === undefined ? unshareOf(predictor) : shareOf(predictor, platform)),
    [Symbol.asyncDispose]: () => unload(predictor),
  };
  return guard(like, { where, clock });
}

/** Shares the predictor under the name of the mapped platform, so that other threads find its `attach`. */
function shareOf(predictor: Predictor, platform: string): Pick<PredictorLike, "share" | "unshare"> {
  if (predictor.share === undefined) return {};
  return {
    share: () => ({ ...predictor.share?.(), platform }),
    ...unshareOf(predictor),
  };
}

/** The shared predictor may be the mapped predictor itself. */
const unshareOf = (predictor: Predictor): Pick<PredictorLike, "unshare"> =>
  predictor.unshare ? { unshare: (shared) => predictor.unshare?.(shared) } : {};

class MappedCall extends ModelCall implements MapContext {
  readonly inputs: Given<Specs>;

  constructor(
    signature: string,
    outputs: readonly string[],
    options: PredictOptions,
    clock: Clock,
    inputs: Tensors,
  ) {
    super(signature, outputs, options, clock);
    this.inputs = inputs as Given<Specs>;
  }
}
