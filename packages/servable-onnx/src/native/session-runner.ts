import type { Clock } from "@serving-kit/core";
import { type CallLimits, type Tensor, TensorRecord, type Tensors } from "@serving-kit/inference";
import type { NativeExecutor } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import { OrtFailure } from "../ort-failure.js";
import { type Binding, Bindings } from "./bindings.js";
import { CStrings } from "./c-strings.js";
import type { OnnxRuntime } from "./library.js";
import { Selection } from "./selection.js";
import { type Run, type RunEnd, SessionCalls } from "./session-calls.js";
import { type TensorCell, TensorValues } from "./tensor-values.js";

/** Maximum combinations of inputs and outputs to remember, because callers may request many. */
const MAX_SELECTIONS = 64;

/** Native tensors that belong to one run; 0 means none. */
interface PlainValues {
  readonly inputs: BigUint64Array;
  readonly outputs: BigUint64Array;
}

/** A session, and the names of its inputs and outputs. */
export interface SessionHandle {
  /** The address of the `OrtSession`. */
  readonly session: bigint;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Runs a session. In the first run of some shapes, ONNX Runtime allocates the outputs. Later runs have preallocated
 * native tensors, so that a run is one C call.
 */
export class SessionRunner {
  readonly #runtime: OnnxRuntime;
  readonly #executor: NativeExecutor;
  readonly #calls: SessionCalls;
  readonly #names: CStrings;
  readonly #values: TensorValues;
  readonly #bindings: Bindings;
  readonly #selections = new Map<string, Selection>();
  #last: { readonly names: readonly string[]; readonly selection: Selection } | undefined;
  #canBind = true;

  constructor(
    runtime: OnnxRuntime,
    executor: NativeExecutor,
    { session, inputs, outputs }: SessionHandle,
    clock: Pick<Clock, "now" | "setTimeout">,
  ) {
    this.#runtime = runtime;
    this.#executor = executor;
    this.#calls = new SessionCalls(runtime, executor, session, clock);
    this.#names = new CStrings(runtime, [...inputs, ...outputs]);
    this.#values = new TensorValues(runtime);
    this.#bindings = new Bindings(this.#values);
  }

  get values(): TensorValues {
    return this.#values;
  }

  /** True if a run like the last one can wait for a lane. */
  get canQueue(): boolean {
    const plan = this.#last?.selection.lastPlan;
    return plan !== undefined && this.#executor.canQueue(plan);
  }

  /**
   * Runs with these named inputs: returns the outputs if the run was inline, else a promise of them. The limits stop a
   * run on a thread.
   */
  run(
    inputs: Tensors,
    inputNames: readonly string[],
    outputNames: readonly string[],
    limits: CallLimits,
  ): Tensors | Promise<Tensors> {
    const selection = this.#selectionOf(inputNames, outputNames);
    const tensors = selection.tensorsOf(inputs);
    const run = { selection, runs: selection.runsOf(tensors), tensors, limits };
    const isKnown = this.#canBind && selection.canBind && run.runs.outputs !== undefined;
    const binding = isKnown ? this.#bindings.take(run.runs) : undefined;
    return binding === undefined ? this.#runPlain(run) : this.#runBound(run, binding);
  }

  /** Frees the resources of idle runs. No run may be in flight. */
  close(): void {
    for (const selection of this.#selections.values()) selection.forget();
    this.#names.close();
    this.#calls.close();
  }

  #runBound(run: Run, binding: Binding): Tensors | Promise<Tensors> {
    this.#bindings.write(binding, run.tensors);
    if (!run.runs.plan.isInline) return this.#runBoundOnThread(run, binding);
    let status: bigint | null;
    try {
      status = this.#calls.inline(run, binding.addresses);
    } catch (error) {
      this.#bindings.close(binding);
      throw error;
    }
    return this.#finishBound(run, binding, status, false);
  }

  async #runBoundOnThread(run: Run, binding: Binding): Promise<Tensors> {
    let end: RunEnd;
    try {
      end = await this.#calls.onThread(run, binding.addresses);
    } catch (error) {
      this.#bindings.close(binding);
      throw error;
    }
    return this.#finishBound(run, binding, end.status, end.isStopped);
  }

  #finishBound(
    run: Run,
    binding: Binding,
    status: bigint | null,
    isStopped: boolean,
  ): Tensors | Promise<Tensors> {
    const { selection, runs } = run;
    try {
      this.#runtime.statuses.check(status);
    } catch (error) {
      this.#bindings.close(binding);
      if (isStopped) throw runError(error);
      return this.#afterFailure(run);
    }
    const outputs = new TensorRecord();
    for (let i = 0; i < selection.outputs.length; i++) {
      const { dtype, shape, data } = binding.outputs[i] as TensorCell;
      outputs[selection.outputs[i] as string] = { dtype, shape, data: data.slice() } as Tensor;
    }
    this.#bindings.give(runs, binding);
    return outputs;
  }

  /**
   * Runs again without a binding. A model rejects a binding if its outputs have other shapes than in the previous run,
   * because the shapes depend on the data or are declared wrongly. Such a model is not bound again.
   */
  #afterFailure(run: Run): Tensors | Promise<Tensors> {
    const outputs = this.#runPlain(run);
    const unbind = (result: Tensors) => {
      this.#canBind = false;
      return result;
    };
    return outputs instanceof Promise ? outputs.then(unbind) : unbind(outputs);
  }

  #runPlain(run: Run): Tensors | Promise<Tensors> {
    const native = this.#createValues(run);
    if (!run.runs.plan.isInline) return this.#runPlainOnThread(run, native);
    let status: bigint | null;
    try {
      status = this.#calls.inline(run, native);
    } catch (error) {
      this.#free(native);
      throw error;
    }
    return this.#finishPlain(run, native, status);
  }

  async #runPlainOnThread(run: Run, native: PlainValues): Promise<Tensors> {
    let end: RunEnd;
    try {
      end = await this.#calls.onThread(run, native);
    } catch (error) {
      this.#free(native);
      throw error;
    }
    return this.#finishPlain(run, native, end.status);
  }

  /** Makes native tensors with copies of the inputs, and room for the outputs of a run. */
  #createValues({ selection, tensors }: Run): PlainValues {
    const native: PlainValues = {
      inputs: new BigUint64Array(Math.max(tensors.length, 1)),
      outputs: new BigUint64Array(Math.max(selection.outputs.length, 1)),
    };
    try {
      for (const [i, tensor] of tensors.entries()) native.inputs[i] = this.#values.create(tensor);
      return native;
    } catch (error) {
      this.#free(native);
      throw runError(error);
    }
  }

  #finishPlain(run: Run, native: PlainValues, status: bigint | null): Tensors {
    this.#values.own(native.outputs);
    try {
      this.#runtime.statuses.check(status);
      return this.#readOutputs(run, native.outputs);
    } catch (error) {
      throw runError(error);
    } finally {
      this.#free(native);
    }
  }

  #free({ inputs, outputs }: PlainValues): void {
    for (const value of [...inputs, ...outputs]) if (value !== 0n) this.#values.free(value);
  }

  #readOutputs({ selection, runs }: Run, values: BigUint64Array): Tensors {
    const outputs = new TensorRecord();
    const forms = selection.outputs.map((name, i) => {
      const tensor = this.#values.read(values[i] as bigint);
      outputs[name] = tensor;
      return { dtype: tensor.dtype, shape: tensor.shape };
    });
    runs.outputs = forms;
    return outputs;
  }

  #selectionOf(inputs: readonly string[], outputs: readonly string[]): Selection {
    const last = this.#last;
    if (last?.names === outputs && last.selection.inputs === inputs) return last.selection;
    const key = JSON.stringify([inputs, outputs]);
    let selection = this.#selections.get(key);
    if (selection === undefined) {
      const names = { inputs, outputs };
      selection = new Selection(this.#executor, this.#bindings, this.#names, names);
      this.#selections.set(key, selection);
      const [[oldest, forgotten] = []] = this.#selections;
      if (this.#selections.size > MAX_SELECTIONS && oldest !== undefined) {
        this.#selections.delete(oldest);
        forgotten?.forget();
      }
    }
    this.#last = { names: outputs, selection };
    return selection;
  }
}

/** Converts a failure of ONNX Runtime to the error of a call. */
function runError(error: unknown): unknown {
  return error instanceof OrtFailure ? errors.runFailed(error) : error;
}
