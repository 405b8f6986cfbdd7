import {
  batchDimension,
  type Predictor,
  type RowVerdict,
  type Signature,
} from "@serving-kit/inference";
import type { BatchingOptions } from "./batching-options.js";
import { type ProbeOptions, probeRows } from "./probe-rows.js";

/** A verdict on a signature from two proofs: the structure of the model, and a probe. */
export interface RowProof extends RowVerdict {
  /** Maximum rows that the probe ran: batches must not be larger. 1 if rows are not independent. */
  readonly maxRows: number;
}

/** Returns whether dimension 0 of all inputs and outputs can be the batch. */
export const hasRows = ({ inputs, outputs }: Signature): boolean =>
  [...inputs.values(), ...outputs.values()].every((spec) => batchDimension(spec) !== "fixed");

/**
 * Proves for each signature whether calls can be joined: `"independent"` only if the model's structure says so and a
 * probe finds no influence between rows. Both are needed: a probe cannot detect dependence on values that it does not
 * draw, and the structure does not show how the kernels behave. A model with state is not probed.
 */
export async function proveRows(
  predictor: Predictor,
  options: ProbeOptions = {},
): Promise<ReadonlyMap<string, RowProof>> {
  const proofs = new Map<string, RowProof>();
  for (const [name, signature] of predictor.signatures) {
    const structure = structureOf(predictor, name, signature);
    if (structure.verdict !== "independent") proofs.set(name, { ...structure, maxRows: 1 });
    else {
      const { rows, ...probe } = await probeRows(predictor, name, options);
      const isProven = probe.verdict === "independent";
      const reason = isProven ? `${structure.reason}, and ${probe.reason}` : probe.reason;
      proofs.set(name, { ...probe, reason, maxRows: isProven ? rows : 1 });
    }
  }
  return proofs;
}

function structureOf(predictor: Predictor, name: string, signature: Signature): RowVerdict {
  const unknown = (reason: string): RowVerdict => ({ verdict: "unknown", reason });
  if (predictor.respond) return unknown("it answers bodies");
  if (!predictor.batchable || !hasRows(signature)) return unknown("it takes no batches");
  if (predictor.state === "keep") return unknown("a call changes what later calls are answered");
  return predictor.rowsAreIndependent?.(name) ?? unknown("its structure is not examined");
}

/**
 * Probes the signatures of a model that is batched explicitly and whose structure does not show that rows are
 * independent. Returns the findings for signatures whose rows influence one another.
 */
export async function findDependence(
  predictor: Predictor,
  options: ProbeOptions = {},
): Promise<ReadonlyMap<string, RowVerdict>> {
  const found = new Map<string, RowVerdict>();
  if (predictor.rowsAreIndependent === undefined || predictor.state === "keep") return found;
  for (const [name, signature] of predictor.signatures) {
    if (!predictor.batchable || !hasRows(signature)) continue;
    if (predictor.rowsAreIndependent(name).verdict === "independent") continue;
    const verdict = await probeRows(predictor, name, options);
    if (verdict.verdict === "dependent") found.set(name, verdict);
  }
  return found;
}

/** Effectively unlimited: a call that is not batched would wait as well. */
const MAX_ENQUEUED_BATCHES = 2 ** 20;

/** Returns options that match the proof: no batch is larger than the probe's, and no call is rejected for its size. */
export function provenOptions(
  options: BatchingOptions,
  proofs: ReadonlyMap<string, RowProof>,
): BatchingOptions {
  const signatures = [...proofs].map(([name, { verdict, maxRows }]) => {
    const own = options.signatures?.[name];
    if (verdict !== "independent" || own === false) return [name, false] as const;
    const wanted = own?.maxBatchSize ?? options.maxBatchSize ?? maxRows;
    return [name, { ...own, maxBatchSize: Math.min(wanted, maxRows) }] as const;
  });
  return {
    maxEnqueuedBatches: MAX_ENQUEUED_BATCHES,
    rerunFailedBatches: true,
    ...options,
    unbatchable: "pass-through",
    largeCalls: "run-alone",
    signatures: { ...options.signatures, ...Object.fromEntries(signatures) },
    rowVerdicts: Object.fromEntries(
      [...proofs].map(([name, { verdict, reason }]) => [name, { verdict, reason }]),
    ),
  };
}
