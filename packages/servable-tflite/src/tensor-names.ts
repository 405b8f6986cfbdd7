import type { Signature, TensorSpec } from "@serving-kit/inference";

/** Returns the name of a tensor without its output index: `x` for `x:0`. */
export const withoutIndex = (tensorName: string): string => tensorName.split(":", 1)[0] as string;

/**
 * Returns forms of a signature under the names of the model's tensors, which clients of TF Serving use: TF Serving
 * ignores the signatures of the format, and makes one from the tensors' names without `:0`. The second form has the
 * full names. A name that two tensors would share stays complete; TF Serving would lose one of them. Returns no form if
 * tensors have no names or equal ones, or if a form has the names of the signature.
 */
export function aliasesOf(signature: Signature): readonly Signature[] {
  const { inputs, outputs } = signature;
  const forms = [withoutIndex, (name: string) => name].map((short) => {
    const [renamedInputs, renamedOutputs] = [rename(inputs, short), rename(outputs, short)];
    return renamedInputs && renamedOutputs && { inputs: renamedInputs, outputs: renamedOutputs };
  });
  const known = new Set([namesOf(signature)]);
  return forms.filter((form): form is NonNullable<typeof form> => {
    const isNew = form !== undefined && !known.has(namesOf(form));
    if (isNew) known.add(namesOf(form));
    return isNew;
  });
}

type Specs = ReadonlyMap<string, TensorSpec>;

function rename(specs: Specs, short: (name: string) => string): Specs | undefined {
  const names = [...specs.values()].map(({ nativeName = "" }) => nativeName);
  const shorts = names.map(short);
  const isUnique = (name: string) => shorts.indexOf(name) === shorts.lastIndexOf(name);
  const renamed = new Map(
    [...specs.values()].map((spec, i) => {
      const name = shorts[i] as string;
      return [isUnique(name) ? name : (names[i] as string), spec];
    }),
  );
  const isUsable = renamed.size === specs.size && !renamed.has("") && !renamed.has("__proto__");
  return isUsable ? renamed : undefined;
}

const namesOf = ({ inputs, outputs }: Signature) =>
  JSON.stringify([[...inputs.keys()], [...outputs.keys()]]);
