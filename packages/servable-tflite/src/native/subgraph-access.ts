import type { NativeFunction } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { Binding, ModelSignature } from "../model-signature.js";
import type { Bindings } from "./bindings.js";

/** A C function with one argument, and this argument. */
export interface BoundCall {
  readonly fn: NativeFunction;
  readonly target: bigint;
}

/**
 * The C functions for one subgraph of an interpreter. The functions that locate a tensor return its `TfLiteTensor *`,
 * which is valid until memory is allocated or the model runs.
 */
export interface SubgraphAccess extends Disposable {
  locateInput(signature: ModelSignature, binding: Binding): () => bigint;
  locateOutput(signature: ModelSignature, binding: Binding): () => bigint;
  /** Sets the shape of an input; returns the status. Memory must be allocated before the next run. */
  resize(signature: ModelSignature, binding: Binding, dimensions: Int32Array): number;
  readonly allocate: BoundCall;
  readonly invoke: BoundCall;
}

/** Accesses subgraph 0, through the functions of the interpreter. */
export function primaryAccess(bindings: Bindings, interpreter: bigint): SubgraphAccess {
  return {
    locateInput:
      (_, { index }) =>
      () =>
        bindings.input(interpreter, index),
    locateOutput:
      (_, { index }) =>
      () =>
        bindings.output(interpreter, index),
    resize: (_, { index }, dimensions) =>
      bindings.resizeInput(interpreter, index, dimensions, dimensions.length),
    allocate: { fn: bindings.allocateTensors, target: interpreter },
    invoke: { fn: bindings.invoke, target: interpreter },
    [Symbol.dispose]() {},
  };
}

/**
 * Accesses any subgraph that has signatures, with one SignatureRunner per signature. The runners share the tensors of
 * the subgraph, so any of them allocates and runs for all.
 */
export function signatureAccess(
  bindings: Bindings,
  interpreter: bigint,
  signatures: readonly ModelSignature[],
): SubgraphAccess {
  const runners = new Map<ModelSignature, bigint>();
  const dispose = () => {
    for (const runner of runners.values()) bindings.runnerDelete(runner);
    runners.clear();
  };
  for (const signature of signatures) {
    const runner: bigint | null = bindings.signatureRunner(interpreter, cString(signature.key));
    if (runner === null) {
      dispose();
      throw errors.signatureMissing(signature.key);
    }
    runners.set(signature, runner);
  }
  const runnerOf = (signature: ModelSignature) => runners.get(signature) as bigint;
  const target = runnerOf(signatures[0] as ModelSignature);
  const locate = (fn: NativeFunction) => (signature: ModelSignature, binding: Binding) => {
    const runner = runnerOf(signature);
    const name = cString(binding.name);
    return () => fn(runner, name);
  };
  return {
    locateInput: locate(bindings.runnerInput),
    locateOutput: locate(bindings.runnerOutput),
    resize: (signature, { name }, dimensions) =>
      bindings.runnerResizeInput(runnerOf(signature), cString(name), dimensions, dimensions.length),
    allocate: { fn: bindings.runnerAllocate, target },
    invoke: { fn: bindings.runnerInvoke, target },
    [Symbol.dispose]: dispose,
  };
}

const cString = (text: string) => Buffer.from(`${text}\0`);
