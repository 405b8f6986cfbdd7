import { type Clock, unload } from "@serving-kit/core";
import { callTensors } from "./any-tensor.js";
import { errors } from "./errors.js";
import type { Model, ModelCallOptions } from "./model.js";
import type { ModelType } from "./model-type.js";
import type { PredictOptions, Predictor } from "./predictor.js";
import type { Signature, TensorSpec } from "./signature.js";

/** The facts about a model that its predictor does not have. */
export interface ModelFacts {
  readonly platform: string;
  readonly version: bigint;
  readonly clock: Clock;
}

/** Makes a `Model` from a predictor. Closing the model disposes the predictor. */
export function modelOf(predictor: Predictor, { platform, version, clock }: ModelFacts): Model {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= unload(predictor);
    return closing;
  };
  return {
    signatures: plainSignatures(predictor.signatures),
    platform,
    version,
    async predict(inputs: unknown, options: ModelCallOptions = {}) {
      if (closing !== undefined) throw errors.modelClosed();
      const { signature, timeoutMs } = options;
      const tensors = callTensors(predictor, signature, inputs);
      const deadlineAtMs = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
      return predictor.predict(tensors, predictOptions(options, deadlineAtMs)) as Promise<never>;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function predictOptions(
  { signature, outputs, signal }: ModelCallOptions,
  deadlineAtMs: number | undefined,
): PredictOptions {
  return {
    ...(signature !== undefined && { signature }),
    ...(outputs !== undefined && { outputs }),
    ...(signal !== undefined && { signal }),
    ...(deadlineAtMs !== undefined && { deadlineAtMs }),
  };
}

/** Returns signatures as plain objects, the form of `Model.signatures`. */
export function plainSignatures(
  signatures: ReadonlyMap<string, Signature>,
): ModelType["signatures"] {
  const plain = (specs: ReadonlyMap<string, TensorSpec>) => Object.fromEntries(specs);
  return Object.fromEntries(
    [...signatures].map(([name, { inputs, outputs }]) => {
      return [name, { inputs: plain(inputs), outputs: plain(outputs) }];
    }),
  );
}
