import type { LoadContext, Logger } from "@serving-kit/core";
import { messageOf } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Signature,
  type Tensors,
  zeroInputs,
} from "@serving-kit/inference";
import type { RunOnce } from "./batch-probe.js";

/**
 * Runs a model once on zeros, in a batch of one row, and returns the outputs. Skips a model with another open extent,
 * or whose inputs are too large to generate. A failure is only a warning, because zeros may not be a valid input.
 */
export async function warmUp(
  run: RunOnce,
  signature: Signature,
  { logger, warmingUp }: { logger: Logger; warmingUp?: LoadContext["warmingUp"] },
): Promise<Tensors> {
  const inputs = knownInputs(signature);
  if (inputs === undefined) return {};
  const over = warmingUp?.();
  try {
    const outputs = await run(inputs);
    over?.({ records: 0 });
    return outputs;
  } catch (error) {
    logger.warn({ signature: DEFAULT_SIGNATURE }, `warm-up on zeros failed: ${messageOf(error)}`);
    over?.({ records: 0, error });
    return {};
  }
}

/** Returns zeros; undefined if the sizes of the inputs are unknown or too large. */
function knownInputs(signature: Signature): Tensors | undefined {
  const needed = [...signature.inputs.values()].filter(({ isOptional }) => !isOptional);
  const isKnown = needed.every(({ shape }) => shape?.every((extent, i) => i === 0 || extent >= 0));
  if (!isKnown) return undefined;
  try {
    return zeroInputs(signature);
  } catch {
    return undefined;
  }
}
