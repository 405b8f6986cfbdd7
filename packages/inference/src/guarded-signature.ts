import { isServingError, messageOf } from "@serving-kit/core";
import { batchDimension } from "./batch-dimension.js";
import { errors } from "./errors.js";
import { OutputMemory } from "./output-memory.js";
import type { Signature, TensorSpec } from "./signature.js";
import type { Tensor, Tensors } from "./tensor.js";
import { TensorRecord } from "./tensor-record.js";
import { toTensor } from "./to-tensor.js";
import { kindOf } from "./typed-array.js";
import { shapeFits, validateInputs, validateOutputs, validateTensor } from "./validate-inputs.js";

/** Checks the calls of one signature for `guard`: E2 to E4. */
export class GuardedSignature {
  readonly #signature: Signature;
  /** True if dimension 0 of each input and output is the batch. */
  readonly #hasRows: boolean;
  readonly #all: readonly string[];
  readonly #memory = new OutputMemory();

  constructor(signature: Signature, batchable: boolean) {
    this.#signature = signature;
    const specs = [...signature.inputs.values(), ...signature.outputs.values()];
    this.#hasRows = batchable && specs.every((spec) => batchDimension(spec) === "open");
    this.#all = [...signature.outputs.keys()];
  }

  /** Throws if the inputs or the requested outputs do not fit. */
  checkCall(inputs: Tensors, outputs: readonly string[] | undefined): void {
    const { inputs: specs, checksShapes, opaqueOutputs } = this.#signature;
    let count = 0;
    let first = "";
    let rows: number | undefined;
    for (const name in inputs) {
      const spec = specs.get(name);
      if (spec === undefined || !Object.hasOwn(inputs, name)) {
        count = -1; // validateInputs reports the error
        break;
      }
      const tensor = inputs[name] as Tensor;
      validateTensor(name, spec, tensor, checksShapes);
      if (count++ === 0) {
        first = name;
        rows = this.#rowsOf(spec, tensor);
      } else if (rows !== undefined) this.#checkRows(name, spec, tensor, first, rows);
    }
    if (count !== specs.size) this.#validateInputs(inputs);
    if (outputs?.length || opaqueOutputs) validateOutputs(this.#signature, outputs);
  }

  #validateInputs(inputs: Tensors): void {
    if (typeof inputs === "object" && inputs !== null) validateInputs(this.#signature, inputs);
    else throw errors.inputsInvalid(this.#signature.inputs.keys(), kindOf(inputs));
  }

  /** Returns the requested outputs from the predictor's result. Throws OUTPUT_INVALID. */
  outputsOf(returned: unknown, inputs: Tensors, requested?: readonly string[]): Tensors {
    try {
      return this.#outputsOf(returned, inputs, requested?.length ? requested : this.#all);
    } catch (error) {
      if (isServingError(error) && error.reason === "PREDICTION_FAILED") throw error;
      throw errors.outputUnfit(
        isServingError(error) ? error.message : `they cannot be read: ${messageOf(error)}`,
      );
    }
  }

  #outputsOf(returned: unknown, inputs: Tensors, names: readonly string[]): Tensors {
    if (typeof returned !== "object" || returned === null || Array.isArray(returned)) {
      throw new TypeError(`expected an object of outputs by name; got ${kindOf(returned)}`);
    }
    const values = returned as Readonly<Record<string, unknown>>;
    const outputs = new TensorRecord();
    for (const name of names) outputs[name] = this.#output(name, values, inputs);
    let count = 0;
    for (const _ in values) count++;
    if (count !== names.length) this.#refuseOthers(values);
    return outputs;
  }

  #refuseOthers(values: object): void {
    for (const name of Object.keys(values)) {
      if (!this.#signature.outputs.has(name)) throw errors.outputNotFound(name, this.#all);
    }
  }

  #output(name: string, values: Readonly<Record<string, unknown>>, inputs: Tensors): Tensor {
    const spec = this.#signature.outputs.get(name);
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (spec === undefined || value === undefined) {
      throw errors.outputMissing(name, Object.keys(values));
    }
    const tensor = tensorOf(value, spec, name);
    const { shape } = tensor;
    if (this.#signature.checksShapes && spec.shape !== null && !shapeFits(spec.shape, shape)) {
      throw errors.outputMisshapen(name, spec.shape, shape);
    }
    if (this.#hasRows) this.#checkOutputRows(name, spec, tensor, inputs);
    return this.#memory.owned(name, tensor, inputs);
  }

  #checkOutputRows(name: string, spec: TensorSpec, tensor: Tensor, inputs: Tensors): void {
    for (const first in inputs) {
      const rows = this.#rowsOf(
        this.#signature.inputs.get(first) as TensorSpec,
        inputs[first] as Tensor,
      );
      if (rows !== undefined) this.#checkRows(name, spec, tensor, first, rows);
      return;
    }
  }

  #checkRows(name: string, spec: TensorSpec, tensor: Tensor, first: string, rows: number): void {
    const count = this.#rowsOf(spec, tensor);
    if (count !== undefined && count !== rows) throw errors.rowsDiffer(name, count, first, rows);
  }

  /**
   * Returns the number of rows of a tensor; undefined if its rank differs, which is possible if shapes are not checked.
   */
  #rowsOf(spec: TensorSpec, { shape }: Tensor): number | undefined {
    return this.#hasRows && shape.length === spec.shape?.length ? shape[0] : undefined;
  }
}

/** Same as `toTensor`, with a fast path for values that are tensors already. */
function tensorOf(value: unknown, spec: TensorSpec, name: string): Tensor {
  if ((value as Tensor).dtype !== spec.dtype) return toTensor(value, spec, name);
  validateTensor(name, spec, value as Tensor);
  return value as Tensor;
}
