import type { Tensor, Tensors } from "@serving-kit/inference";
import {
  type NativeExecutor,
  RunGroup,
  type RunLimits,
  type RunPlan,
} from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { SubgraphOutline } from "../model-description.js";
import type { ModelSignature } from "../model-signature.js";
import { OK } from "./bindings.js";
import type { Tflite } from "./library.js";
import { packNibbles } from "./nibbles.js";
import { encodeStrings } from "./string-tensor.js";
import type { SubgraphAccess } from "./subgraph-access.js";
import { TensorMemory } from "./tensor-memory.js";
import type { KnownTensor } from "./tensor-table.js";

/** Runs one subgraph of an interpreter for its signatures. */
export class SubgraphRunner implements Disposable {
  readonly #tflite: Tflite;
  readonly #executor: NativeExecutor;
  readonly #access: SubgraphAccess;
  readonly #subgraph: number;
  readonly #inputs = new Map<number, TensorMemory>();
  readonly #outputs = new Map<number, TensorMemory>();
  /** Tensors that had no memory before a run: see `emptyOperator`. */
  readonly dynamicTensors = new Set<number>();
  readonly #runs = new RunGroup();
  #plan: RunPlan;
  #isAllocated = false;

  /** Takes ownership of `access`. `signatures` are all signatures of the subgraph. */
  constructor(
    tflite: Tflite,
    executor: NativeExecutor,
    access: SubgraphAccess,
    signatures: readonly ModelSignature[],
  ) {
    this.#tflite = tflite;
    this.#executor = executor;
    this.#access = access;
    this.#subgraph = (signatures[0] as ModelSignature).subgraph;
    const { bindings } = tflite;
    for (const signature of signatures) {
      for (const binding of signature.inputs) {
        const locate = access.locateInput(signature, binding);
        this.#inputs.set(binding.index, new TensorMemory(bindings, locate, binding.spec.dtype));
      }
      for (const binding of signature.outputs) {
        const locate = access.locateOutput(signature, binding);
        this.#outputs.set(binding.index, new TensorMemory(bindings, locate, binding.spec.dtype));
      }
    }
    this.#plan = executor.plan(`run ${this.#subgraph}`, this.#runs);
  }

  /** Returns whether the tensors are allocated for these inputs. */
  fits({ inputs }: ModelSignature, tensors: Tensors): boolean {
    if (!this.#isAllocated) return false;
    for (const { name, index } of inputs) {
      const { shape } = this.#input(index);
      const wanted = (tensors[name] as Tensor).shape;
      if (shape.length !== wanted.length) return false;
      for (let i = 0; i < shape.length; i++) if (shape[i] !== wanted[i]) return false;
    }
    return true;
  }

  /** Sets the shapes of inputs; returns whether they can be set. Call `allocate` next. */
  resize(signature: ModelSignature, shapes: ReadonlyMap<string, readonly number[]>): boolean {
    this.#isAllocated = false;
    const kind = `run ${this.#subgraph} ${[...shapes.values()].join("|")}`;
    this.#plan = this.#executor.plan(kind, this.#runs);
    return signature.inputs.every((binding) => {
      const dimensions = Int32Array.from(shapes.get(binding.name) as readonly number[]);
      return OK === this.#access.resize(signature, binding, dimensions);
    });
  }

  /** Allocates the tensors for the current shapes; returns whether the graph accepts them. */
  async allocate(): Promise<boolean> {
    const { fn, target } = this.#access.allocate;
    const plan = this.#executor.plan("allocate tensors");
    if ((await this.#executor.run<number>(plan, undefined, fn, target)) !== OK) return false;
    for (const memory of this.#inputs.values()) memory.allocated();
    for (const memory of this.#outputs.values()) memory.allocated();
    this.#isAllocated = true;
    return true;
  }

  /** The tensors that the C API returns, with their numbers in the file. */
  knownTensors({ inputs, outputs }: Pick<SubgraphOutline, "inputs" | "outputs">): KnownTensor[] {
    const known = (memories: ReadonlyMap<number, TensorMemory>, numbers: readonly number[]) =>
      [...memories].map(([index, { pointer }]) => ({ number: numbers[index] as number, pointer }));
    return [...known(this.#inputs, inputs), ...known(this.#outputs, outputs)];
  }

  /** Returns the current shapes of a signature's inputs, by name. */
  shapesOf({ inputs }: ModelSignature): ReadonlyMap<string, readonly number[]> {
    return new Map(inputs.map(({ name, index }) => [name, this.#input(index).shape]));
  }

  /** Copies inputs into the interpreter's memory. */
  write({ inputs }: ModelSignature, tensors: Tensors): void {
    for (const { name, index } of inputs) {
      const memory = this.#input(index);
      const { data } = tensors[name] as Tensor;
      memory.refresh();
      if (memory.dtype === "string") this.#writeStrings(memory, data as readonly Uint8Array[]);
      else if (memory.dtype === "int4" || memory.dtype === "uint4") {
        (memory.view as Uint8Array).set(packNibbles(data as Uint8Array));
      } else (memory.view as Float32Array).set(data as Float32Array);
    }
  }

  /** Runs the subgraph: returns a status if it ran inline, otherwise a promise of one. */
  invoke(limits: RunLimits): number | Promise<number> {
    const { fn, target } = this.#access.invoke;
    return this.#executor.run<number>(this.#plan, limits, fn, target);
  }

  /** Copies outputs out of the interpreter's memory: the named outputs, or all. */
  read({ outputs }: ModelSignature, names: readonly string[] | undefined): Tensors {
    const tensors: Record<string, Tensor> = {};
    for (const { name, index } of outputs) {
      if (names !== undefined && !names.includes(name)) continue;
      const memory = this.#outputs.get(index) as TensorMemory;
      memory.refresh();
      tensors[name] = memory.read();
    }
    return tensors;
  }

  /** Call it before the interpreter is deleted. */
  [Symbol.dispose](): void {
    this.#access[Symbol.dispose]();
  }

  #input(index: number): TensorMemory {
    return this.#inputs.get(index) as TensorMemory;
  }

  #writeStrings(memory: TensorMemory, strings: readonly Uint8Array[]): void {
    const { bindings, library } = this.#tflite;
    if (!library.has("TfLiteTensorRealloc")) throw errors.stringsUnsupported(library.path);
    const bytes = encodeStrings(strings);
    bindings.tensorRealloc(bytes.length, memory.pointer);
    bindings.copyIn(memory.pointer, bytes, bytes.length);
  }
}
