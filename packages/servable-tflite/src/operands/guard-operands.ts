import { isVersionWithin } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { Graph } from "../graph/graph.js";
import { readingFile } from "../model-file.js";
import type { ModelSignature } from "../model-signature.js";
import type { LocatedFinding } from "./analysis.js";
import type { KernelGeneration } from "./checks/operand-row.js";
import { type GuardOptions, OperandGuard } from "./operand-guard.js";

/** The default of `maxTensorBytes`: 1 GiB. */
export const MAX_TENSOR_BYTES = 2 ** 30;

/** An operand that no check before the run can bound, and that the runtime's kernel does not check. */
export interface UncheckedOperand {
  readonly signature: string;
  /** The operator's name, such as `SLICE`. */
  readonly operator: string;
  /** The operand's name, such as `begin`. */
  readonly operand: string;
  /** The name of the operand's tensor. */
  readonly tensor: string;
}

/** Returns the kernel generation of a TensorFlow Lite version. */
export const generationOf = (version: string): KernelGeneration =>
  isVersionWithin(version, { atLeast: "2.21" }) ? "2.21" : "2.9";

/** The settings of guards. */
export interface GuardSettings {
  /** The version of TensorFlow Lite that runs them. */
  readonly version: string;
  readonly uncheckedOps?: "refuse" | "allow" | undefined;
  readonly maxTensorBytes?: number | undefined;
}

/** Makes the guards of signatures. A signature without operators that need a guard gets none. */
export function guardOperands(
  graph: Graph,
  signatures: Iterable<readonly [string, ModelSignature]>,
  { version, uncheckedOps, maxTensorBytes = MAX_TENSOR_BYTES }: GuardSettings,
): ReadonlyMap<string, OperandGuard> {
  const options: GuardOptions = {
    generation: generationOf(version),
    maxTensorBytes,
    allowsUnchecked: uncheckedOps === "allow",
  };
  const guards = new Map<string, OperandGuard>();
  for (const [name, signature] of signatures) {
    const guard = OperandGuard.of(graph, signature, options);
    if (guard !== undefined) guards.set(name, guard);
  }
  return guards;
}

/**
 * Returns the operands of a model that the runtime does not check, and that cannot be checked before the run. A model
 * with such operands is rejected unless `uncheckedOps` is `allow`. Empty for most models.
 */
export function uncheckedOperands(
  graph: Graph,
  signatures: ReadonlyMap<string, ModelSignature>,
  version: string,
): readonly UncheckedOperand[] {
  const guards = guardOperands(graph, signatures, { version });
  return [...guards].flatMap(([signature, { unchecked }]) =>
    unchecked.map(({ operatorName, operand, tensor }) => ({
      signature,
      operator: operatorName,
      operand,
      tensor,
    })),
  );
}

/** Same as `guardOperands`, for loading a model. @throws ServingError UNIMPLEMENTED / OPERANDS_UNCHECKED. */
export function guardModel(
  path: string,
  graph: Graph,
  signatures: Iterable<readonly [string, ModelSignature]>,
  settings: GuardSettings,
): ReadonlyMap<string, OperandGuard> {
  const guards = readingFile(path, () => guardOperands(graph, signatures, settings));
  const unchecked = [...guards.values()].flatMap((guard) => guard.unchecked);
  if (unchecked.length === 0 || settings.uncheckedOps === "allow") return guards;
  throw errors.operandsUnchecked(
    path,
    `TensorFlow Lite ${settings.version}`,
    [...new Set(unchecked.map(describeOperand))].slice(0, MAX_DESCRIBED),
  );
}

const MAX_DESCRIBED = 8;

const describeOperand = ({ operatorName, operand, tensor }: LocatedFinding) =>
  `${operand} of ${operatorName} (tensor "${tensor}")`;
