import type { Signature, Tensors } from "@serving-kit/inference";
import type { CallKind, CallQueue } from "./call-queue.js";

/** Maximum number of queues of one signature, in addition to the main queue. */
const MAX_OTHER_QUEUES = 64;

/**
 * The batch queues of one signature: the main queue for calls that pass all inputs and request all outputs, and one
 * queue for each other kind of call. Idle queues of other kinds make room for new kinds.
 */
export class SignatureQueues {
  readonly signature: Signature;
  readonly #name: string;
  readonly #newQueue: (kind: CallKind) => CallQueue;
  /** True if a call may omit inputs. */
  readonly #hasOptionalInputs: boolean;
  readonly #main: CallQueue;
  readonly #others = new Map<string, CallQueue>();

  /** Creates the main queue immediately, so that invalid options are rejected here. */
  constructor(name: string, signature: Signature, newQueue: (kind: CallKind) => CallQueue) {
    this.signature = signature;
    this.#name = name;
    this.#newQueue = newQueue;
    this.#hasOptionalInputs = [...signature.inputs.values()].some((spec) => spec.isOptional);
    this.#main = newQueue({ name, signature, inputNames: [...signature.inputs.keys()] });
  }

  /** Returns the current queues. */
  all(): CallQueue[] {
    return [this.#main, ...this.#others.values()];
  }

  /** Returns the queue for the kind of a call; undefined if there are too many kinds. */
  queueFor(inputs: Tensors, wanted: readonly string[] | undefined): CallQueue | undefined {
    const { signature } = this;
    const isAllInputs =
      !this.#hasOptionalInputs || Object.keys(inputs).length === signature.inputs.size;
    const isAllOutputs =
      wanted === undefined ||
      wanted.length === 0 ||
      new Set(wanted).size === signature.outputs.size;
    if (isAllInputs && isAllOutputs) return this.#main;
    const inputNames = [...signature.inputs.keys()].filter((name) => Object.hasOwn(inputs, name));
    const outputNames = [...signature.outputs.keys()].filter(
      (name) => isAllOutputs || wanted.includes(name),
    );
    const key = JSON.stringify([inputNames, outputNames]);
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    if (this.#others.size >= MAX_OTHER_QUEUES && !dropIdle(this.#others)) return undefined;
    const name = this.#name;
    const queue = this.#newQueue({ name, signature, inputNames, outputNames });
    this.#others.set(key, queue);
    return queue;
  }
}

function dropIdle(queues: Map<string, CallQueue>): boolean {
  for (const [key, { queue }] of queues) {
    const { numEnqueuedTasks, numRunningBatches } = queue.stats();
    if (numEnqueuedTasks > 0 || numRunningBatches > 0) continue;
    queues.delete(key);
    void queue.close();
    return true;
  }
  return false;
}
