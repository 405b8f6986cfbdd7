import type { DType, Tensor } from "@serving-kit/inference";
import { addressOf, type RunPlan } from "@serving-kit/native-library";
import { cellOf, MIN_SHOWN_BYTES, type TensorCell, type TensorValues } from "./tensor-values.js";

/** Native tensors for the inputs and outputs of a run, which runs of the same shapes reuse. */
export interface Binding {
  readonly inputs: readonly TensorCell[];
  readonly outputs: readonly TensorCell[];
  /** The addresses of the native tensors. */
  readonly inputValues: BigUint64Array;
  readonly outputValues: BigUint64Array;
  /** The addresses of these arrays, which are arguments of a run. */
  readonly addresses: { readonly inputs: bigint; readonly outputs: bigint };
  /** The bytes of the elements. */
  readonly bytes: number;
  /** Keeps the memory of inputs that a run reads in place. */
  readonly held: (TensorCell | undefined)[];
}

/** The dtype and shape of a tensor. */
export type TensorForm = Pick<Tensor, "dtype" | "shape">;

/** The runs of one kind: their inputs have the same shapes. */
export interface ShapeRuns {
  readonly plan: RunPlan;
  readonly inputs: readonly TensorForm[];
  /** The outputs of the first run of these shapes; undefined before it. */
  outputs: readonly TensorForm[] | undefined;
  readonly idle: Binding[];
  /** True if no further run will be of this kind: bindings are then freed. */
  isForgotten: boolean;
}

/** Maximum bytes of a session's idle bindings in one thread. */
const MAX_IDLE_BYTES = 64 * 2 ** 20;

/** Makes bindings and keeps the idle ones. */
export class Bindings {
  readonly #values: TensorValues;
  #idleBytes = 0;

  constructor(values: TensorValues) {
    this.#values = values;
  }

  /** Takes a binding; undefined if a tensor has elements that cannot be bound, such as strings. */
  take(runs: ShapeRuns): Binding | undefined {
    const binding = runs.idle.pop();
    if (binding === undefined) return this.#create(runs);
    this.#idleBytes -= binding.bytes;
    return binding;
  }

  /** Copies inputs into a binding, except those in memory of `allocate`. */
  write({ inputs, inputValues, held }: Binding, tensors: readonly Tensor[]): void {
    for (let i = 0; i < tensors.length; i++) {
      const own = inputs[i] as TensorCell;
      const tensor = tensors[i] as Tensor;
      if (own.data.byteLength >= MIN_SHOWN_BYTES) {
        held[i] = cellOf(tensor);
        inputValues[i] = (held[i] ?? own).value;
      }
      if (held[i] === undefined) (own.data as Float32Array).set(tensor.data as Float32Array);
    }
  }

  /** Returns a binding after its run has ended. */
  give(runs: ShapeRuns, binding: Binding): void {
    binding.held.length = 0;
    const bytes = this.#idleBytes + binding.bytes;
    if (runs.isForgotten || bytes > MAX_IDLE_BYTES) this.close(binding);
    else {
      this.#idleBytes = bytes;
      runs.idle.push(binding);
    }
  }

  /** Frees the idle bindings of some runs, and those in flight when they are returned. */
  forget(runs: ShapeRuns): void {
    runs.isForgotten = true;
    for (const binding of runs.idle.splice(0)) {
      this.#idleBytes -= binding.bytes;
      this.close(binding);
    }
  }

  /** Frees a binding that is not idle. */
  close({ inputs, outputs }: Pick<Binding, "inputs" | "outputs">): void {
    for (const { value } of [...inputs, ...outputs]) this.#values.free(value);
  }

  #create({ inputs, outputs = [] }: ShapeRuns): Binding | undefined {
    const cells: TensorCell[] = [];
    for (const { dtype, shape } of [...inputs, ...outputs]) {
      const cell = this.#values.cell(dtype as DType, shape);
      if (cell === undefined) {
        this.close({ inputs: cells, outputs: [] });
        return undefined;
      }
      cells.push(cell);
    }
    const own = { inputs: cells.slice(0, inputs.length), outputs: cells.slice(inputs.length) };
    const valuesOf = (list: readonly TensorCell[]) =>
      BigUint64Array.from(list, ({ value }) => value);
    const [inputValues, outputValues] = [valuesOf(own.inputs), valuesOf(own.outputs)];
    return {
      inputs: own.inputs,
      outputs: own.outputs,
      inputValues,
      outputValues,
      held: [],
      addresses: { inputs: addressOf(inputValues), outputs: addressOf(outputValues) },
      bytes: cells.reduce((bytes, { data }) => bytes + data.byteLength, 0),
    };
  }
}
