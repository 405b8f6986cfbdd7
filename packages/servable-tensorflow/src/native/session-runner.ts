import type { Tensor, Tensors } from "@serving-kit/inference";
import type { NativeExecutor } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { Bindings } from "./bindings.js";
import type { GraphTensor, SignatureTensors } from "./saved-model-session.js";
import { giveStatus, type Status, takeStatus } from "./status.js";
import { TensorMemory } from "./tensor-memory.js";

/** Bytes of a TF_Output: { TF_Operation *oper; int index; }, padded. */
const TF_OUTPUT_BYTES = 16;

/** The native side of one run: freed when the run has ended, whatever became of its caller. */
interface NativeRun {
  readonly feeds: BigUint64Array;
  /** Which of them are ours to free; the others belong to buffers that JavaScript sees. */
  readonly isOwn: readonly boolean[];
  readonly results: BigUint64Array;
  readonly status: Status;
  /** Keeps the buffers of inputs that are given without a copy. */
  readonly inputs: readonly Tensor[];
}

/** Runs one signature on a session, inline or on a thread, as the executor decides. */
export class SessionRunner {
  readonly memory: TensorMemory;
  readonly #bindings: Bindings;
  readonly #executor: NativeExecutor;
  readonly #session: bigint;
  readonly #signatureName: string;
  readonly #inputs: readonly GraphTensor[];
  readonly #inputList: Uint8Array;
  readonly #outputs: ReadonlyMap<string, GraphTensor>;
  /** TF_Output lists by the names that they fetch, joined. */
  readonly #outputLists = new Map<string, Uint8Array>();

  constructor(
    bindings: Bindings,
    executor: NativeExecutor,
    session: bigint,
    signatureName: string,
    { inputs, outputs }: SignatureTensors,
  ) {
    this.memory = new TensorMemory(bindings);
    this.#bindings = bindings;
    this.#executor = executor;
    this.#session = session;
    this.#signatureName = signatureName;
    this.#inputs = inputs;
    this.#inputList = encodeOutputs(inputs);
    this.#outputs = new Map(outputs.map((tensor) => [tensor.name, tensor]));
  }

  /** Runs: gives the outputs at once when it ran inline, else a promise of them. */
  run(inputs: Tensors, names: readonly string[]): Tensors | Promise<Tensors> {
    const run = this.#prepare(inputs, names);
    const { run: sessionRun } = this.#bindings;
    const plan = this.#executor.plan(this.#kindOf(run.inputs));
    let ended: void | Promise<void>;
    try {
      ended = this.#executor.run<void>(
        plan,
        sessionRun,
        ...[this.#session, null, this.#inputList, run.feeds, run.feeds.length],
        ...[this.#outputList(names), run.results, run.results.length],
        ...[null, 0, null, run.status.pointer],
      );
    } catch (error) {
      this.#free(run);
      throw error;
    }
    return ended instanceof Promise
      ? ended.then(
          () => this.#finish(run, names),
          (error) => {
            this.#free(run);
            throw error;
          },
        )
      : this.#finish(run, names);
  }

  #prepare(inputs: Tensors, names: readonly string[]): NativeRun {
    const tensors: Tensor[] = [];
    const feeds = new BigUint64Array(this.#inputs.length);
    const isOwn: boolean[] = [];
    try {
      for (const { name } of this.#inputs) {
        const tensor = inputs[name] as Tensor;
        const { pointer, isShown } = this.memory.write(tensor);
        feeds[tensors.length] = pointer;
        tensors.push(tensor);
        isOwn.push(!isShown);
      }
    } catch (error) {
      this.#freeFeeds(feeds, isOwn);
      throw error;
    }
    const results = new BigUint64Array(names.length);
    return { feeds, isOwn, results, status: takeStatus(this.#bindings), inputs: tensors };
  }

  #finish(run: NativeRun, names: readonly string[]): Tensors {
    const { status, results } = run;
    const pending: bigint[] = [];
    for (const pointer of results) {
      if (pointer === 0n) continue;
      this.memory.own();
      pending.push(pointer);
    }
    try {
      if (!status.isOk) throw errors.runFailed(status.code, status.message);
      const outputs: [string, Tensor][] = names.map((name) => {
        return [name, this.memory.read(pending.shift() as bigint)];
      });
      return Object.fromEntries(outputs);
    } finally {
      for (const pointer of pending) this.memory.free(pointer);
      this.#free(run);
    }
  }

  #free({ feeds, isOwn, status }: NativeRun): void {
    this.#freeFeeds(feeds, isOwn);
    giveStatus(this.#bindings, status);
  }

  #freeFeeds(feeds: BigUint64Array, isOwn: readonly boolean[]): void {
    for (const [i, own] of isOwn.entries()) if (own) this.memory.free(feeds[i] as bigint);
  }

  #outputList(names: readonly string[]): Uint8Array {
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

  /** Runs of one shape take about as long. */
  #kindOf(tensors: readonly Tensor[]): string {
    let kind = this.#signatureName;
    for (const { shape } of tensors) kind += ` ${shape}`;
    return kind;
  }
}

function encodeOutputs(tensors: readonly GraphTensor[]): Uint8Array {
  const list = Buffer.alloc(TF_OUTPUT_BYTES * tensors.length);
  tensors.forEach(({ operation, index }, i) => {
    list.writeBigUInt64LE(operation, TF_OUTPUT_BYTES * i);
    list.writeInt32LE(index, TF_OUTPUT_BYTES * i + 8);
  });
  return list;
}
