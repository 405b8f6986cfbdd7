import type { Predictor, Tensor, TensorData, Tensors } from "@serving-kit/inference";
import { errors } from "./errors.js";
import { entriesPerRow, newData, takeRows } from "./rows.js";
import { commonShape, copyPadded, type VariableLengthPadding } from "./variable-length-padding.js";

/** One input of a batch: its name, and its padding if tasks pass different lengths. */
export interface BatchedInput {
  readonly name: string;
  /** Absent if tensors of different shapes are not joined. */
  readonly padding?: VariableLengthPadding | undefined;
  /** The shape in the signature. Buckets apply to extents of -1; if the shape is null, to all but dimension 0. */
  readonly shape: readonly number[] | null;
}

/**
 * Returns whether tensors of two shapes can be joined along dimension 0: they have the same rank, and their extents
 * differ only if the input is padded and the signature leaves the dimension open.
 */
export function rowsJoin(
  { padding, shape }: BatchedInput,
  a: readonly number[],
  b: readonly number[],
): boolean {
  if (a.length !== b.length) return false;
  for (let i = 1; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    if (padding === undefined || (shape !== null && shape[i] !== -1)) return false;
  }
  return true;
}

/**
 * Joins the inputs of tasks along dimension 0 and pads them with rows to `paddedSize`. Like TF Serving, it repeats the
 * first row of the last task, so that the model gets no made-up rows.
 *
 * A lone task that needs no padding is returned as it is. Otherwise the inputs are copied once, into memory of the
 * servable if it provides some.
 *
 * @throws ServingError FAILED_PRECONDITION / BATCH_SHAPES_DIFFER if `rowsJoin` is false for two of them.
 */
export function concatInputs(
  tasks: readonly Tensors[],
  inputs: readonly BatchedInput[],
  paddedSize: number,
  memory: Pick<Predictor, "allocate"> = {},
): Tensors {
  const [first] = tasks as readonly [Tensors];
  if (tasks.length === 1 && inputs.every((input) => isAsGiven(input, first, paddedSize))) {
    return first;
  }
  const joined: Record<string, Tensor> = {};
  for (const input of inputs) {
    const tensors = tasks.map((task) => task[input.name] as Tensor);
    put(joined, input.name, concat(input, tensors, paddedSize, memory));
  }
  return joined;
}

/** Returns whether the tensor of a lone task needs no padding. */
function isAsGiven({ name, padding }: BatchedInput, task: Tensors, paddedSize: number): boolean {
  return padding?.buckets === undefined && (task[name] as Tensor).shape[0] === paddedSize;
}

/**
 * Splits the outputs of a batch among its tasks; padding rows are dropped.
 *
 * @throws ServingError FAILED_PRECONDITION / BATCH_OUTPUT_INVALID if an output does not have `paddedSize` rows.
 */
export function splitOutputs(
  outputs: Tensors,
  sizes: readonly number[],
  paddedSize: number,
): Tensors[] {
  const results: Record<string, Tensor>[] = sizes.map(() => ({}));
  for (const name of Object.keys(outputs)) {
    const output = outputs[name] as Tensor;
    if (output.shape[0] !== paddedSize) {
      throw errors.batchedOutput(name, output.shape, paddedSize);
    }
    const entries = entriesPerRow(output);
    let from = 0;
    for (let i = 0; i < sizes.length; i++) {
      const size = sizes[i] as number;
      put(results[i] as Record<string, Tensor>, name, takeRows(output, entries, from, size));
      from += size;
    }
  }
  return results;
}

function concat(
  { name, padding, shape: specShape }: BatchedInput,
  tensors: readonly Tensor[],
  paddedSize: number,
  memory: Pick<Predictor, "allocate">,
): Tensor {
  const [first] = tensors as readonly [Tensor];
  const last = tensors.at(-1) as Tensor;
  const differing = tensors.find((tensor) => !isSameRowShape(tensor.shape, first.shape));
  if (differing !== undefined && padding === undefined) {
    throw errors.shapesDiffer(name, first.shape, differing.shape);
  }
  const shape =
    padding === undefined
      ? [...first.shape]
      : commonShape(name, tensors, padding.buckets ?? [], specShape);
  const isPadded = differing !== undefined || !isSameRowShape(shape, first.shape);
  if (!isPadded && tensors.length === 1 && first.shape[0] === paddedSize) return first;

  shape[0] = paddedSize;
  const { dtype } = first;
  const entries = entriesPerRow({ dtype, shape });
  const data = dataOf(dtype, shape, entries, memory);
  let offset = 0;
  for (const tensor of tensors) {
    const count = (tensor.shape[0] as number) * entries;
    if (isPadded) copyPadded(data as unknown[], offset, tensor, shape, padding ?? {});
    else copyAll(data, offset, tensor);
    offset += count;
  }
  const lastRow = offset - (last.shape[0] as number) * entries;
  for (; offset < paddedSize * entries; offset += entries) {
    (data as unknown[]).copyWithin(offset, lastRow, lastRow + entries);
  }
  return { dtype, shape, data: data as TensorData[typeof dtype] };
}

function dataOf(
  dtype: Tensor["dtype"],
  shape: readonly number[],
  entries: number,
  memory: Pick<Predictor, "allocate">,
): unknown {
  const count = (shape[0] as number) * entries;
  if (dtype === "string") return new Array<Uint8Array>(count);
  return memory.allocate?.(dtype, shape)?.data ?? newData(dtype, count);
}

function copyAll(target: unknown, offset: number, { dtype, data }: Tensor): void {
  if (dtype !== "string") (target as Float32Array).set(data as Float32Array, offset);
  else for (let i = 0; i < data.length; i++) (target as unknown[])[offset + i] = data[i];
}

function isSameRowShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 1; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function put(tensors: Record<string, Tensor>, name: string, tensor: Tensor): void {
  if (name !== "__proto__") tensors[name] = tensor;
  else Object.defineProperty(tensors, name, { value: tensor, enumerable: true });
}
