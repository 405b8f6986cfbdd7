import { isServingError, type LoadContext } from "@serving-kit/core";
import { batchDimension, type Predictor, type Signature, zeroInputs } from "@serving-kit/inference";
import { type BatchingOptions, signatureOptions } from "./batching-options.js";
import { errors } from "./errors.js";

/**
 * Calls each signature once with zeros for each of its allowed batch sizes, smallest first. A runtime then does its
 * work for a new shape before the first request.
 *
 * A signature is skipped if the number of rows of an input is not open, or if its inputs cannot be generated: for
 * example, a model rejects an empty string that is not a JPEG (INVALID_ARGUMENT).
 *
 * @throws ServingError WARM_UP_FAILED with the code of any other failure; the signal's reason.
 */
export async function warmUpBatchSizes(
  predictor: Predictor,
  options: BatchingOptions,
  { signal, warmingUp }: Pick<LoadContext, "signal" | "warmingUp">,
): Promise<void> {
  const over = warmingUp?.();
  try {
    await runAllSizes(predictor, options, signal);
  } catch (error) {
    over?.({ records: 0, error });
    throw error;
  }
  over?.({ records: 0 });
}

async function runAllSizes(
  predictor: Predictor,
  options: BatchingOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, signature] of predictor.signatures) {
    if (!hasOpenRows(signature)) continue;
    for (const rows of signatureOptions(options, name).allowedBatchSizes ?? []) {
      signal.throwIfAborted();
      try {
        // All outputs except those that cannot be returned.
        const outputs = signature.opaqueOutputs && [...signature.outputs.keys()];
        const call = { signature: name, signal, ...(outputs && { outputs }) };
        await predictor.predict(zeroInputs(signature, rows), call);
      } catch (error) {
        signal.throwIfAborted();
        const code = isServingError(error) ? error.code : "UNKNOWN";
        if (code === "INVALID_ARGUMENT" || error instanceof RangeError) break;
        throw errors.warmUpFailed(name, rows, code, error);
      }
    }
  }
}

const hasOpenRows = ({ inputs }: Signature) =>
  inputs.size > 0 && [...inputs.values()].every((spec) => batchDimension(spec) === "open");
