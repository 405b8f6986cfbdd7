import type { Delegation } from "@serving-kit/inference";
import {
  callPointer,
  type NativeCallback,
  nativeCallback,
  viewMemory,
} from "@serving-kit/native-library";
import { type Bindings, OK } from "./bindings.js";

/** A subgraph's context, and its function that returns the execution plan. */
interface Context {
  readonly pointer: bigint;
  /** `TfLiteStatus (*GetExecutionPlan)(TfLiteContext *, TfLiteIntArray **)` */
  readonly getExecutionPlan: bigint;
}

/** { void *data_; TfLiteStatus (*Prepare)(TfLiteContext *, TfLiteDelegate *); … int64_t flags @40; … } */
const DELEGATE = { bytes: 256, prepare: 8, flags: 40 };

const GET_EXECUTION_PLAN = { result: "int", args: ["void *", "void *"] };

/** kTfLiteDelegateFlagsAllowDynamicTensors: the graph is not prepared for this delegate. */
const ALLOW_DYNAMIC_TENSORS = 1n;

/**
 * A delegate that takes no operators. TensorFlow Lite passes it the context of each subgraph, which is the only access
 * to the execution plan through the C API. There is one per thread. Interpreters keep its address, and call it again
 * whenever they reapply their delegates; these calls are ignored.
 */
let observer: { readonly delegate: Buffer; readonly prepare: NativeCallback } | undefined;
let listener: ((context: bigint) => void) | undefined;

function observerDelegate(): Buffer {
  if (observer === undefined) {
    const prepare = nativeCallback(
      (context: bigint) => {
        listener?.(context);
        return OK;
      },
      "int",
      ["void *", "void *"],
    );
    const delegate = Buffer.alloc(DELEGATE.bytes);
    delegate.writeBigUInt64LE(prepare.pointer, DELEGATE.prepare);
    delegate.writeBigInt64LE(ALLOW_DYNAMIC_TENSORS, DELEGATE.flags);
    observer = { delegate, prepare };
  }
  return observer.delegate;
}

/** The execution plans of the subgraphs of one interpreter, before and after a delegate was applied. */
export class ExecutionPlans {
  readonly #bindings: Bindings;
  readonly #interpreter: bigint;
  readonly #contexts: Context[] = [];
  #before: readonly (readonly number[])[] = [];
  /** Undefined before `compare`. */
  delegation: Delegation | undefined;

  constructor(bindings: Bindings, interpreter: bigint) {
    this.#bindings = bindings;
    this.#interpreter = interpreter;
  }

  /** Records the plans before a delegate is applied. */
  observe(): void {
    listener = (pointer) => {
      // { size_t tensors_size; TfLiteStatus (*GetExecutionPlan)(…); … }
      const [, getExecutionPlan] = new BigUint64Array(viewMemory(pointer, 16));
      this.#contexts.push({ pointer, getExecutionPlan: getExecutionPlan as bigint });
    };
    try {
      this.#bindings.modifyGraph(this.#interpreter, observerDelegate());
    } finally {
      listener = undefined;
    }
    this.#before = this.#contexts.map(planOf);
  }

  /** Counts the operators that were in the plans before and no longer are. */
  compare(): void {
    if (this.#contexts.length === 0) return;
    const after = this.#contexts.map((context) => new Set(planOf(context)));
    const operators = this.#before.reduce((sum, plan) => sum + plan.length, 0);
    const kept = this.#before.flatMap((plan, i) => plan.filter((node) => after[i]?.has(node)));
    this.delegation = { delegated: operators - kept.length, operators };
  }
}

/** Returns the numbers of the nodes that a subgraph runs, in order. The subgraph must not run meanwhile. */
function planOf({ pointer, getExecutionPlan }: Context): readonly number[] {
  const result = new BigUint64Array(1);
  if (callPointer<number>(getExecutionPlan, GET_EXECUTION_PLAN, pointer, result) !== OK) return [];
  // TfLiteIntArray { int size; int data[]; }
  const address = result[0] as bigint;
  const [size = 0] = new Int32Array(viewMemory(address, 4));
  return Array.from(new Int32Array(viewMemory(address + 4n, 4 * size)));
}
