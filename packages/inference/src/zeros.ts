import { type DType, NUMERIC_DTYPES } from "./dtype.js";
import type { Signature, TensorSpec } from "./signature.js";
import { elementCount, type Tensor, type Tensors, tensor } from "./tensor.js";

/** Maximum number of elements of a generated tensor: a model file's shape cannot be trusted. */
const MAX_ELEMENTS = 2 ** 26;

/**
 * Generates inputs for a call of a signature: zeros (empty strings) for every required input. An unknown extent is 1;
 * an unknown rank means a scalar.
 *
 * @param rows Extent of dimension 0 if it is unknown. Default 1.
 * @throws RangeError for an input of more than 2^26 elements.
 */
export function zeroInputs({ inputs }: Pick<Signature, "inputs">, rows = 1): Tensors {
  const needed = [...inputs].filter(([, spec]) => !spec.isOptional);
  return Object.fromEntries(needed.map(([name, spec]) => [name, zeros(spec, rows)]));
}

function zeros({ dtype, shape }: TensorSpec, rows: number): Tensor {
  const extents = (shape ?? []).map((extent, dimension) => {
    if (extent !== -1) return extent;
    return dimension === 0 ? rows : 1;
  });
  const count = elementCount(extents);
  if (count > MAX_ELEMENTS) {
    throw new RangeError(`an input of shape [${extents}] is too large to generate`);
  }
  return tensor(dtype, extents, zeroData(dtype, count) as never);
}

function zeroData(dtype: DType, count: number): unknown {
  if (dtype === "string") return Array.from({ length: count }, () => new Uint8Array(0));
  const { array, entriesPerElement } = NUMERIC_DTYPES[dtype];
  return new array(count * entriesPerElement);
}
