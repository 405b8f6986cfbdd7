import type { Signature, TensorSpec } from "./signature.js";
import type { Tensor, Tensors } from "./tensor.js";
import { TensorRecord } from "./tensor-record.js";

type Specs = ReadonlyMap<string, TensorSpec>;

/** Returns the forms in which a call may name a signature's tensors: the signature itself, then its aliases. */
export const formsOf = (signature: Signature): readonly Signature[] =>
  signature.aliases === undefined ? [signature] : [signature, ...signature.aliases];

/** Returns the form whose required inputs all occur in `names`; the signature itself if there is none. */
export function formNamedBy(
  signature: Signature,
  names: Pick<ReadonlySet<string>, "has">,
): Signature {
  const fits = ({ inputs }: Signature) =>
    [...inputs].every(([name, { isOptional }]) => isOptional || names.has(name));
  return formsOf(signature).find(fits) ?? signature;
}

/** Maps the names of one form to the names of another; undefined if the form is the same. */
export function namesBetween(from: Specs, to: Specs): ReadonlyMap<string, string> | undefined {
  if (from === to) return undefined;
  const names = [...to.keys()];
  return new Map([...from.keys()].map((name, i) => [name, names[i] as string]));
}

/** Renames tensors; without names, returns them unchanged. A tensor without a new name keeps its own. */
export function renamed(tensors: Tensors, names: ReadonlyMap<string, string> | undefined): Tensors {
  if (names === undefined) return tensors;
  const record = new TensorRecord();
  for (const name of Object.keys(tensors)) {
    record[names.get(name) ?? name] = tensors[name] as Tensor;
  }
  return record;
}
