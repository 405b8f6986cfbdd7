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
 * The native side of one run, used again by later ones: arrays that native code has once seen cost
 * little to show it again. Released when the native run has ended, even if its caller has gone.
 */
interface NativeRun {
  readonly feeds: BigUint64Array;
  /** Which of them are ours to free; the others belong to buffers that JavaScript sees. */
  readonly isOwn: boolean[];
  /** As many as the signature has outputs, of which the first ones are used. */
  readonly results: BigUint64Array;
  readonly status: Status;
  /** Keeps the buffers of inputs that are given without a copy. */
  readonly inputs: Tensor[];
}

/** The runs of one shape, and how long the strings of the longest are that was measured. */
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

/** How many kinds of runs a signature with strings remembers; then it starts again. */
const MAX_KINDS = 256;

/**
 * Runs one signature on a session, inline or on a thread, as the executor decides.
 *
 * TensorFlow stops a run at its deadline if the run is on a thread and its ops are on TensorFlow's own threads: those of
 * a graph with control flow, and of a signature that is often slow. Other runs are short, and end by themselves.
 */
export class SessionRunner {
  readonly #memory: TensorMemory;
  readonly #bindings: Bindings;
  readonly #executor: NativeExecutor;
  readonly #session: bigint;
  readonly #runOptions: bigint | null;
  readonly #clock: Clock;
  /** Whether TensorFlow may stop any run on a thread: not only those that are known to be slow. */
  readonly #isStoppable: boolean;
  readonly #signature: string;
  readonly #inputs: readonly GraphTensor[];
  readonly #inputList: Uint8Array;
  readonly #outputs: ReadonlyMap<string, GraphTensor>;
  readonly #idle: NativeRun[] = [];
  /** TF_Output lists by the names that they fetch, joined. */
  readonly #outputLists = new Map<string, Uint8Array>();
  readonly #allOutputs: Uint8Array;
  /** The names of all outputs. Given to `run` itself, it is recognised. */
  readonly outputNames: readonly string[];
  /** All runs of the signature. */
  readonly #runs: RunGroup;
  readonly #kinds = new Map<string, RunKind>();
  /** The kind of the last run; most runs are of the same shapes. */
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

  /** Runs: returns the outputs if it ran inline, else a promise of them. The limits are those of the call. */
  run(inputs: Tensors, names: readonly string[], limits: CallLimits): Tensors | Promise<Tensors> {
    const run = this.#prepare(inputs);
    const kind = this.#kindOf(run.inputs);
    const bytes = stringBytes(run.inputs);
    // Longer strings than those that were measured are runs of a kind that has not run yet.
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
    // One by one: an array of them would be most of what a call of a small model costs.
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

  /** Frees what the run was given and takes what it made. */
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
      // Those that were not read because another could not be.
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

  /** Frees what idle runs hold. No run may be in flight. */
  close(): void {
    for (const { status } of this.#idle.splice(0)) status.free();
  }

  #outputList(names: readonly string[]): Uint8Array {
    if (names === this.outputNames) return this.#allOutputs;
    const key = names.join("\0");
    let list = this.#outputLists.get(key);
    if (list === undefined) {
      list = encodeOutputs(names.map((name) => this.#outputs.get(name) as GraphTensor));
      // Callers may ask for any of many lists; few are worth keeping.
      if (this.#outputLists.size >= 64) this.#outputLists.clear();
      this.#outputLists.set(key, list);
    }
    return list;
  }

  /** Runs of one shape take about as long, unless strings are longer. */
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
