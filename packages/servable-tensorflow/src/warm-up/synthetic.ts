import {
  type DType,
  elementCount,
  NUMERIC_DTYPES,
  type Signature,
  type Tensor,
  type TensorSpec,
  tensor,
} from "@serving-kit/inference";
import type { WarmUpRequest } from "./warm-up-request.js";

/** The most elements of an invented input: a signature's shape is a model file's word. */
const MAX_ELEMENTS = 2 ** 26;

/**
 * Invents a call of each signature: zeros (empty strings) of the signature's shape, with 1 where an
 * extent is not known and as a scalar where the rank is not.
 */
export function syntheticWarmUp(
  signatures: ReadonlyMap<string, Signature>,
): readonly WarmUpRequest[] {
  return [...signatures].map(([signatureName, { inputs }]) => ({
    signatureName,
    inputs: Object.fromEntries(
      [...inputs].filter(([, spec]) => !spec.isOptional).map(([name, spec]) => [name, zeros(spec)]),
    ),
  }));
}

function zeros({ dtype, shape }: TensorSpec): Tensor {
  const extents = (shape ?? []).map((extent) => (extent === -1 ? 1 : extent));
  const count = elementCount(extents);
  if (count > MAX_ELEMENTS) throw new RangeError(`an input of ${count} elements is not invented`);
  return tensor(dtype, extents, zeroData(dtype, count) as never);
}

function zeroData(dtype: DType, count: number): unknown {
  if (dtype === "string") return Array.from({ length: count }, () => new Uint8Array(0));
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  return new array(count * entriesPerElement);
}
