import { isMap } from "./check-predictor.js";

type Unchecked = Readonly<Record<string, unknown>>;

/**
 * Copies the signatures that an author wrote to a Map whose inputs and outputs are Maps, from plain objects or Maps.
 * Other values are kept as they are, for `checkPredictor` to reject.
 */
export function signaturesOf(signatures: unknown): unknown {
  return mapped(signatures, signatureOf);
}

function signatureOf(signature: unknown): unknown {
  if (!isRecord(signature)) return signature;
  const { inputs, outputs, opaqueInputs, opaqueOutputs, aliases } = signature;
  return {
    ...signature,
    inputs: mapped(inputs, specOf),
    outputs: mapped(outputs, specOf),
    ...(opaqueInputs !== undefined && { opaqueInputs: mapped(opaqueInputs, (one) => one) }),
    ...(opaqueOutputs !== undefined && { opaqueOutputs: mapped(opaqueOutputs, (one) => one) }),
    ...(aliases !== undefined && {
      aliases: Array.isArray(aliases) ? aliases.map(signatureOf) : aliases,
    }),
  };
}

function specOf(spec: unknown): unknown {
  if (!isRecord(spec)) return spec;
  return { ...spec, shape: Array.isArray(spec.shape) ? [...spec.shape] : spec.shape };
}

function mapped(named: unknown, convert: (one: unknown) => unknown): unknown {
  if (isMap(named)) return new Map([...named].map(([name, one]) => [name, convert(one)]));
  if (!isRecord(named)) return named;
  return new Map(Object.entries(named).map(([name, one]) => [name, convert(one)]));
}

const isRecord = (value: unknown): value is Unchecked =>
  typeof value === "object" && value !== null && !Array.isArray(value);
