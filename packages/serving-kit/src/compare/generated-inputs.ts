import { type Signature, type Tensor, type Tensors, zeroInputs } from "@serving-kit/inference";

/**
 * Generates inputs for a signature: floats from 0 to 1, zeros for other dtypes. Signatures get the same inputs if
 * their inputs, in order of names, have the same dtypes and shapes.
 *
 * @param rows the size of dimension 0 if it is -1.
 * @throws RangeError for an input of more than 2^26 elements.
 */
export function generatedInputs(signature: Signature, rows: number): Tensors {
  const inputs = Object.entries(zeroInputs(signature, rows));
  let state = 1;
  return Object.fromEntries(
    inputs
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, tensor]) => {
        const { dtype, data } = tensor;
        if (dtype !== "float32" && dtype !== "float64") return [name, tensor];
        const random = (data as Float32Array).map(() => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return state / 2 ** 32;
        });
        return [name, { ...tensor, data: random } as Tensor];
      }),
  );
}
