import type { Clock } from "@serving-kit/core";
import { type CallLimits, type Tensor, type Tensors, throwIfEnded } from "@serving-kit/inference";
import { type NativeExecutor, RunGroup, type RunPlan } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { RunTraits } from "../run-traits.js";
import type { Bindings } from "./bindings.js";
import { callerThreadOptions } from "./caller-thread.js";
import { encodeOutputs, type GraphTensor, type SignatureTensors } from "./saved-model-session.js";
import { Status } from "./status.js";
import { TensorMemory } from "./tensor-memory.js";
import { stringBytes } from "./tensor-strings.js";
import { timedRun } from "./timed-run.js";

/**
 * The native arrays of one run, which later runs reuse, because passing a known array to native code is cheap. Released
 * when the native run has ended, even if its call ended earlier.
 */
interface NativeRun {
  readonly feeds: BigUint64Array;
  /** True if the run must free each of the feeds. The others belong to buffers that JavaScript uses. */
  readonly isOwn: boolean[];
  /** Has as many entries as the signature has outputs; a run uses the first ones. */
  readonly results: BigUint64Array;
  readonly status: Status;
  /** Keeps the buffers of inputs that are passed without a copy. */
  readonly inputs: Tensor[];
}

/** The runs of one shape, and the largest total length of strings that was measured. */
interface RunKind {
  readonly kind: string;
  readonly plan: RunPlan;
  measuredBytes: number;
}

/** A signature of the session. */
export interface RunSignature {
  readonly name: string;
  readonly tensors: SignatureTensors;
  readonly traits: RunTraits | undefined;
}

/** Maximum kinds of runs to remember for a signature with strings; beyond it, all are forgotten. */
const MAX_KINDS = 256;

/**
 * Runs one signature on a session, inline or on a thread, as the executor decides.
 *
 * TensorFlow stops a run at its deadline if the run is on a thread and its ops are on TensorFlow's own threads. That
 * applies to graphs with control flow, and to signatures that are often slow. Other runs are short, and are not
 * stopped.
 */
export class SessionRunner {
  readonly #memory: TensorMemory;
  readonly #bindings: Bindings;
  readonly #executor: NativeExecutor;
  readonly #session: bigint;
  readonly #runOptions: bigint | null;
  readonly #clock: Clock;
  /** True if TensorFlow may stop any run on a thread, and not only runs of signatures that are often slow. */
  readonly #isStoppable: boolean;
  readonly #signature: string;
  readonly #inputs: readonly GraphTensor[];
  readonly #inputList: Uint8Array;
  readonly #outputs: ReadonlyMap<string, GraphTensor>;
  readonly #idle: NativeRun[] = [];
  /** TF_Output lists by the names that they fetch, joined into one key. */
  readonly #outputLists = new Map<string, Uint8Array>();
  readonly #allOutputs: Uint8Array;
  /** The names of all outputs. `run` recognizes this array by identity. */
  readonly outputNames: readonly string[];
  /** All runs of the signature. */
  readonly #runs: RunGroup;
  readonly #kinds = new Map<string, RunKind>();
  /** The kind of the last run; most runs have the same shapes. */
  #lastKind: RunKind | undefined;

  constructor(
    bindings: Bindings,
    executor: NativeExecutor,
    { session, usesCallerThread }: { session: bigint; usesCallerThread: boolean },
    { name, tensors, traits }: RunSignature,
    clock: Clock,
  ) {
    const { inputs, outputs } = tensors;
    this.#runs = new RunGroup(!traits?.hasOpenRunTime);
    this.#memory = new TensorMemory(bindings);
    this.#bindings = bindings;
    this.#executor = executor;
    this.#session = session;
    this.#runOptions = usesCallerThread ? callerThreadOptions(bindings) : null;
    this.#clock = clock;
    this.#isStoppable = !usesCallerThread || traits?.hasControlFlow === true;
    this.#signature = name;
    this.#inputs = inputs;
    this.#inputList = encodeOutputs(inputs);
    this.#allOutputs = encodeOutputs(outputs);
    this.outputNames = outputs.map(({ name }) => name);
    this.#outputs = new Map(outputs.map((tensor) => [tensor.name, tensor]));
  }

  /** True if a run like the last one can wait for a lane. */
  get canQueue(): boolean {
    return this.#lastKind !== undefined && this.#executor.canQueue(this.#lastKind.plan);
  }

  /** Runs the signature: returns the outputs if it ran inline, else a promise of them. The limits apply to the call. */
  run(inputs: Tensors, names: readonly string[], limits: CallLimits): Tensors | Promise<Tensors> {
    const run = this.#prepare(inputs);
    const kind = this.#kindOf(run.inputs);
    const bytes = stringBytes(run.inputs);
    // If the strings are longer than any measured ones, the run counts as a new kind.
    const isMeasured = bytes <= kind.measuredBytes;
    const plan = isMeasured ? kind.plan : this.#executor.newPlan(this.#runs);
    let ended: void | Promise<void>;
    try {
      ended = this.#call(plan, limits, run, names);
    } catch (error) {
      this.#giveBack(run);
      throw error;
    }
    if (!(ended instanceof Promise)) return this.#finish(run, names, limits);
    return ended.then(
      () => {
        if (!isMeasured && plan.isInline) kind.measuredBytes = Math.max(kind.measuredBytes, bytes);
        return this.#finish(run, names, limits);
      },
      (error) => {
        this.#giveBack(run);
        throw error;
      },
    );
  }

  #call(
    plan: RunPlan,
    limits: CallLimits,
    { feeds, inputs, results, status }: NativeRun,
    names: readonly string[],
  ): void | Promise<void> {
    const { deadlineAtMs = Number.POSITIVE_INFINITY } = limits;
    const isTimed =
      !plan.isInline &&
      deadlineAtMs < Number.POSITIVE_INFINITY &&
      (this.#isStoppable || this.#runs.isOftenSlow);
    const run = isTimed
      ? timedRun(this.#bindings, () => deadlineAtMs - this.#clock.now())
      : this.#bindings.run;
    // Separate arguments: an array would be most of the cost of a call of a small model.
    return this.#executor.run<void>(
      plan,
      limits,
      run,
      this.#session,
      this.#runOptions,
      this.#inputList,
      feeds,
      inputs.length,
      this.#outputList(names),
      results,
      names.length,
      null,
      0,
      null,
      status.pointer,
    );
  }

  #prepare(inputs: Tensors): NativeRun {
    const run = this.#idle.pop() ?? this.#makeRun();
    run.results.fill(0n);
    try {
      for (const { name } of this.#inputs) {
        const tensor = inputs[name] as Tensor;
        const { pointer, isShown } = this.#memory.write(tensor);
        run.feeds[run.inputs.length] = pointer;
        run.inputs.push(tensor);
        run.isOwn.push(!isShown);
      }
      return run;
    } catch (error) {
      this.#giveBack(run);
      throw error;
    }
  }

  #makeRun(): NativeRun {
    return {
      feeds: new BigUint64Array(this.#inputs.length),
      results: new BigUint64Array(this.#outputs.size),
      status: new Status(this.#bindings),
      isOwn: [],
      inputs: [],
    };
  }

  /** Frees the run's inputs and takes its results. */
  #finish(run: NativeRun, names: readonly string[], limits: CallLimits): Tensors {
    const { status, results } = run;
    const outputs: Record<string, Tensor> = {};
    let taken = 0;
    try {
      if (!status.isOk) {
        throwIfEnded(limits, this.#clock); // TensorFlow stopped it
        throw errors.runFailed(status.code, status.message);
      }
      this.#memory.own(names.length);
      for (const name of names) {
        const tensor = this.#memory.read(results[taken++] as bigint);
        if (name === "__proto__")
          Object.defineProperty(outputs, name, { value: tensor, enumerable: true });
        else outputs[name] = tensor;
      }
      return outputs;
    } finally {
      // Frees the results that were not read because reading another one failed.
      if (status.isOk)
        for (; taken < names.length; taken++) this.#memory.free(results[taken] as bigint);
      this.#giveBack(run);
    }
  }

  #giveBack(run: NativeRun): void {
    for (let i = 0; i < run.isOwn.length; i++) {
      if (run.isOwn[i]) this.#memory.free(run.feeds[i] as bigint);
    }
    run.isOwn.length = 0;
    run.inputs.length = 0;
    this.#idle.push(run);
  }

  /** Frees the resources of idle runs. No run may be in flight. */
  close(): void {
    for (const { status } of this.#idle.splice(0)) status.free();
  }

  #outputList(names: readonly string[]): Uint8Array {
    if (names === this.outputNames) return this.#allOutputs;
    const key = names.join("\0");
    let list = this.#outputLists.get(key);
    if (list === undefined) {
      list = encodeOutputs(names.map((name) => this.#outputs.get(name) as GraphTensor));
      // Callers may request many different lists, and only a few are worth caching.
      if (this.#outputLists.size >= 64) this.#outputLists.clear();
      this.#outputLists.set(key, list);
    }
    return list;
  }

  /** Runs of one shape take about equally long, unless strings are longer. */
  #kindOf(tensors: readonly Tensor[]): RunKind {
    let name = this.#signature;
    for (const { shape } of tensors) name += ` ${shape}`;
    if (this.#lastKind?.kind === name) return this.#lastKind;
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      if (this.#kinds.size >= MAX_KINDS) this.#kinds.clear();
      kind = { kind: name, plan: this.#executor.plan(name, this.#runs), measuredBytes: 0 };
      this.#kinds.set(name, kind);
    }
    this.#lastKind = kind;
    return kind;
  }
}
