import { errors } from "./errors.js";
import type { ModelType, Specs } from "./model-type.js";
import type { Signature, TensorSpec } from "./signature.js";

/**
 * Checks that a model has the signatures that a program was compiled against: the same inputs, all expected outputs,
 * the same dtypes, and shapes that are at least as open.
 *
 * @param where The path of the model, for messages.
 * @throws ServingError FAILED_PRECONDITION / MODEL_UNEXPECTED with the first difference.
 */
export function checkExpected(
  expected: ModelType,
  signatures: ReadonlyMap<string, Signature>,
  where: string,
): void {
  for (const [name, { inputs, outputs }] of Object.entries(expected.signatures)) {
    const signature = signatures.get(name);
    if (signature === undefined) {
      throw errors.modelUnexpected(where, `signature "${name}"`, [...signatures.keys()].join(", "));
    }
    checkSide(where, `input of ${name}`, inputs, signature.inputs);
    checkSide(where, `output of ${name}`, outputs, signature.outputs);
    for (const [input, spec] of signature.inputs) {
      if (spec.isOptional || Object.hasOwn(inputs, input)) continue;
      throw errors.modelUnexpected(where, `no input "${input}" of ${name}`, described(spec));
    }
  }
}

function checkSide(
  where: string,
  side: string,
  expected: Specs,
  actual: ReadonlyMap<string, TensorSpec>,
): void {
  for (const [name, spec] of Object.entries(expected)) {
    const found = actual.get(name);
    if (found !== undefined && isAsOpen(found, spec)) continue;
    const got = found === undefined ? [...actual.keys()].join(", ") : described(found);
    throw errors.modelUnexpected(where, `${side} "${name}" ${described(spec)}`, got);
  }
}

function isAsOpen(actual: TensorSpec, expected: TensorSpec): boolean {
  if (actual.dtype !== expected.dtype) return false;
  if (actual.shape === null) return true;
  if (expected.shape === null || actual.shape.length !== expected.shape.length) return false;
  return actual.shape.every((extent, i) => extent === -1 || extent === expected.shape?.[i]);
}

const described = ({ dtype, shape }: TensorSpec) => `${dtype} ${JSON.stringify(shape)}`;
