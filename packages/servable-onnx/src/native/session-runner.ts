import type { Clock } from "@serving-kit/core";
import { type CallLimits, type Tensor, TensorRecord, type Tensors } from "@serving-kit/inference";
import type { NativeExecutor } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import { OrtFailure } from "../ort-failure.js";
import { type Binding, Bindings, type ShapeRuns } from "./bindings.js";
import { CStrings } from "./c-strings.js";
import type { OnnxRuntime } from "./library.js";
import { RunOptionsPool, type StoppableRun } from "./run-options.js";
import { Selection } from "./selection.js";
import { TensorValues } from "./tensor-values.js";

/** How many combinations of inputs and outputs are remembered: callers may request any of many. */
const MAX_SELECTIONS = 64;

/** One run: what it needs until it has ended. */
interface Run {
  readonly selection: Selection;
  readonly runs: ShapeRuns;
  readonly tensors: readonly Tensor[];
  readonly limits: CallLimits;
}

/** Takes the status of a run that has ended, and whether it was told to stop. */
type Finish = (status: bigint | null, isStopped: boolean) => Tensors | Promise<Tensors>;

/** A session, and the names of its inputs and outputs. */
export interface SessionHandle {
  /** The address of the `OrtSession`. */
  readonly session: bigint;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Runs a session. The first run of some shapes lets ONNX Runtime allocate the outputs. Later ones have native tensors
 * of their own, so that a run is one call of C.
 */
export class SessionRunner {
  readonly #runtime: OnnxRuntime;
  readonly #executor: NativeExecutor;
  readonly #session: bigint;
  readonly #names: CStrings;
  readonly #values: TensorValues;
  readonly #bindings: Bindings;
  readonly #runOptions: RunOptionsPool;
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
    this.#session = session;
    this.#names = new CStrings(runtime, [...inputs, ...outputs]);
    this.#values = new TensorValues(runtime);
    this.#bindings = new Bindings(this.#values);
    this.#runOptions = new RunOptionsPool(runtime, clock);
  }

  get values(): TensorValues {
    return this.#values;
  }

  /**
   * Runs with the inputs of these names: returns the outputs if the run was inline, else a promise of them. The limits
   * stop a run that is on a thread.
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

  /** Frees what idle runs hold. No run may be in flight. */
  close(): void {
    for (const selection of this.#selections.values()) selection.forget();
    this.#names.close();
    this.#runOptions.close();
  }

  #runBound(run: Run, binding: Binding): Tensors | Promise<Tensors> {
    this.#bindings.write(binding, run.tensors);
    const finish: Finish = (status, isStopped) =>
      this.#finishBound(run, binding, status, isStopped);
    const fail = () => this.#bindings.close(binding);
    return this.#call(run, binding.inputValues, binding.outputValues, finish, fail);
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
    for (const [i, { dtype, shape, data }] of binding.outputs.entries()) {
      outputs[selection.outputs[i] as string] = { dtype, shape, data: data.slice() } as Tensor;
    }
    this.#bindings.give(runs, binding);
    return outputs;
  }

  /**
   * Runs again without a binding: a model whose outputs have other shapes than those of the run before, because they
   * depend on the data or are declared wrongly, refuses it. Such a model is not bound again.
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
    const { selection, tensors } = run;
    const inputs = new BigUint64Array(Math.max(tensors.length, 1));
    const outputs = new BigUint64Array(Math.max(selection.outputs.length, 1));
    const free = () => {
      for (const value of [...inputs, ...outputs]) if (value !== 0n) this.#values.free(value);
    };
    try {
      for (const [i, tensor] of tensors.entries()) inputs[i] = this.#values.create(tensor);
    } catch (error) {
      free();
      throw runError(error);
    }
    const finish: Finish = (status) => {
      this.#values.own(outputs);
      try {
        this.#runtime.statuses.check(status);
        return this.#readOutputs(run, outputs);
      } catch (error) {
        throw runError(error);
      } finally {
        free();
      }
    };
    return this.#call(run, inputs, outputs, finish, free);
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

  /** Calls `Run` as the plan says; `fail` frees what the run has if it could not be called. */
  #call(
    { selection, runs, limits, tensors }: Run,
    inputs: BigUint64Array,
    outputs: BigUint64Array,
    finish: Finish,
    fail: () => void,
  ): Tensors | Promise<Tensors> {
    const { plan } = runs;
    const { inputNames, outputNames } = selection;
    const stoppable = plan.isInline ? undefined : this.#runOptions.take(limits);
    let status: bigint | null | Promise<bigint | null>;
    try {
      status = this.#executor.run<bigint | null>(
        plan,
        this.#runtime.api.Run,
        this.#session,
        stoppable?.pointer ?? null,
        inputNames,
        inputs,
        tensors.length,
        outputNames,
        selection.outputs.length,
        outputs,
      );
    } catch (error) {
      stoppable?.give();
      fail();
      throw error;
    }
    if (!(status instanceof Promise)) return finish(status, false);
    return this.#settle(status, stoppable, finish, fail);
  }

  async #settle(
    running: Promise<bigint | null>,
    stoppable: StoppableRun | undefined,
    finish: Finish,
    fail: () => void,
  ): Promise<Tensors> {
    let status: bigint | null;
    try {
      status = await running;
    } catch (error) {
      fail();
      throw error;
    } finally {
      stoppable?.give();
    }
    return finish(status, stoppable?.isStopped() ?? false);
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

/** A failure of ONNX Runtime as the error of a call. */
function runError(error: unknown): unknown {
  return error instanceof OrtFailure ? errors.runFailed(error) : error;
}
