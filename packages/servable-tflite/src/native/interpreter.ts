import type { Tensor, Tensors } from "@serving-kit/inference";
import type { RunPlan } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { Binding, ModelSignature } from "../model-file.js";
import { OK } from "./bindings.js";
import { ErrorReporter } from "./error-reporter.js";
import type { NativeModel } from "./model.js";
import { counts } from "./native-counts.js";
import { packNibbles } from "./nibbles.js";
import { encodeStrings } from "./string-tensor.js";
import { TensorMemory } from "./tensor-memory.js";
import { createXnnpack, deleteXnnpack } from "./xnnpack.js";

/** How interpreters are made. */
export interface InterpreterOptions {
  readonly threads: number;
  /** Whether XNNPACK runs what it can. */
  readonly xnnpack: "required" | "preferred" | "never";
}

/** One TfLiteInterpreter: runs one call at a time. */
export class Interpreter {
  readonly #model: NativeModel;
  readonly #reporter: ErrorReporter;
  readonly #pointer: bigint;
  readonly #delegate: bigint | null;
  readonly #inputs = new Map<number, TensorMemory>();
  readonly #outputs = new Map<number, TensorMemory>();
  #plan: RunPlan;
  #isClosed = false;

  private constructor(
    model: NativeModel,
    reporter: ErrorReporter,
    pointer: bigint,
    delegate: bigint | null,
  ) {
    this.#model = model;
    this.#reporter = reporter;
    this.#pointer = pointer;
    this.#delegate = delegate;
    const { bindings } = model.tflite;
    for (const { subgraph, inputs, outputs } of model.file.signatures.values()) {
      if (subgraph !== 0) continue;
      for (const { index, spec } of inputs) {
        const locate = () => bindings.input(pointer, index);
        this.#inputs.set(index, new TensorMemory(bindings, locate, spec.dtype));
      }
      for (const { index, spec } of outputs) {
        const locate = () => bindings.output(pointer, index);
        this.#outputs.set(index, new TensorMemory(bindings, locate, spec.dtype));
      }
    }
    this.#plan = model.executor.plan("run");
  }

  /**
   * Makes an interpreter and gives its tensors memory. A graph that XNNPACK cannot take, such as one
   * with tensors of dynamic size, runs without it unless it is required.
   *
   * @throws ServingError FAILED_PRECONDITION / MODEL_REFUSED with TensorFlow Lite's words.
   */
  static async create(model: NativeModel, options: InterpreterOptions): Promise<Interpreter> {
    const { threads, xnnpack } = options;
    if (xnnpack !== "never") {
      const made = await Interpreter.#tryCreate(
        model,
        threads,
        createXnnpack(model.tflite, threads),
      );
      if (typeof made !== "string") return made;
      if (xnnpack === "required") {
        // TensorFlow Lite says nothing where a delegate cannot take a graph with dynamic tensors.
        const message = made || "XNNPACK cannot take tensors whose size only the run tells";
        throw errors.modelRefused(model.path, model.libraryName, message);
      }
    }
    const made = await Interpreter.#tryCreate(model, threads, null);
    if (typeof made !== "string") return made;
    throw errors.modelRefused(model.path, model.libraryName, made);
  }

  /** Takes the delegate over. Gives TensorFlow Lite's words when it fails. */
  static async #tryCreate(
    model: NativeModel,
    threads: number,
    delegate: bigint | null,
  ): Promise<Interpreter | string> {
    const { executor, tflite } = model;
    const { bindings } = tflite;
    const reporter = new ErrorReporter();
    const options = bindings.optionsCreate();
    bindings.setNumThreads(options, threads);
    bindings.setErrorReporter(options, reporter.pointer, reporter.userData);
    if (delegate !== null) bindings.addDelegate(options, delegate);
    const plan = executor.plan("create interpreter");
    const run = executor.run<bigint | null>(
      plan,
      bindings.interpreterCreate,
      model.pointer,
      options,
    );
    const pointer = await run;
    bindings.optionsDelete(options);
    if (pointer === null) {
      deleteXnnpack(model.tflite, delegate);
      reporter[Symbol.dispose]();
      return reporter.take();
    }
    counts.interpreters++;
    const interpreter = new Interpreter(model, reporter, pointer, delegate);
    if (await interpreter.#allocate()) return interpreter;
    interpreter.close();
    return reporter.take();
  }

  /** Whether XNNPACK was given the graph. */
  get hasXnnpack(): boolean {
    return this.#delegate !== null;
  }

  /** Tells whether the tensors have the memory for these inputs. */
  fits(inputs: readonly Binding[], tensors: Tensors): boolean {
    for (const { name, index } of inputs) {
      const { shape } = this.#input(index);
      const wanted = (tensors[name] as Tensor).shape;
      if (shape.length !== wanted.length) return false;
      for (let i = 0; i < shape.length; i++) if (shape[i] !== wanted[i]) return false;
    }
    return true;
  }

  /** Gives the tensors memory for inputs of other shapes. After a failure the interpreter is useless. */
  async reshape(inputs: readonly Binding[], tensors: Tensors): Promise<void> {
    const { bindings } = this.#model.tflite;
    let isResized = true;
    for (const { name, index } of inputs) {
      const { shape } = tensors[name] as Tensor;
      const dimensions = Int32Array.from(shape);
      isResized &&= OK === bindings.resizeInput(this.#pointer, index, dimensions, shape.length);
    }
    const shapes = inputs.map(({ name }) => `[${(tensors[name] as Tensor).shape}]`).join(", ");
    if (!isResized || !(await this.#allocate())) {
      throw errors.reshapeFailed(shapes, this.#reporter.take());
    }
    this.#plan = this.#model.executor.plan(`run ${shapes}`);
  }

  /**
   * Resets the variable tensors, then copies inputs into the interpreter's memory: an input can be a
   * variable itself. Without the reset, answers would depend on the calls that the interpreter took
   * before.
   */
  write(inputs: readonly Binding[], tensors: Tensors): void {
    const { file, tflite } = this.#model;
    if (file.hasVariables) tflite.bindings.resetVariables(this.#pointer);
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

  /** Runs the model: a status at once when it ran inline, else a promise. */
  invoke(): number | Promise<number> {
    const { executor, tflite } = this.#model;
    return executor.run<number>(this.#plan, tflite.bindings.invoke, this.#pointer);
  }

  /** Copies outputs out of the interpreter's memory: those named, or all. */
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

  /** TensorFlow Lite's messages since the last call. */
  takeMessages(): string {
    return this.#reporter.take();
  }

  /** Frees it. Must not run. May be repeated. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#model.tflite.bindings.interpreterDelete(this.#pointer);
    counts.interpreters--;
    deleteXnnpack(this.#model.tflite, this.#delegate);
    this.#reporter[Symbol.dispose]();
  }

  async #allocate(): Promise<boolean> {
    const { executor, tflite } = this.#model;
    const plan = executor.plan("allocate tensors");
    const status = await executor.run(plan, tflite.bindings.allocateTensors, this.#pointer);
    if (status !== OK) return false;
    for (const memory of this.#inputs.values()) memory.allocated();
    for (const memory of this.#outputs.values()) memory.allocated();
    return true;
  }

  #input(index: number): TensorMemory {
    return this.#inputs.get(index) as TensorMemory;
  }

  #writeStrings(memory: TensorMemory, strings: readonly Uint8Array[]): void {
    const { bindings, library } = this.#model.tflite;
    if (!library.has("TfLiteTensorRealloc")) throw errors.stringsUnsupported(library.path);
    const bytes = encodeStrings(strings);
    bindings.tensorRealloc(bytes.length, memory.pointer);
    bindings.copyIn(memory.pointer, bytes, bytes.length);
  }
}
