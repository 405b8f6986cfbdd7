import type { Delegation, Tensor, Tensors } from "@serving-kit/inference";
import { type RunLimits, RunPlan } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { ModelSignature } from "../model-signature.js";
import { OK } from "./bindings.js";
import { emptyOperator } from "./empty-tensors.js";
import { ErrorReporter } from "./error-reporter.js";
import { ExecutionPlans } from "./execution-plans.js";
import type { NativeModel } from "./model.js";
import { counts } from "./native-counts.js";
import { primaryAccess, signatureAccess } from "./subgraph-access.js";
import { SubgraphRunner } from "./subgraph-runner.js";
import { TensorTable } from "./tensor-table.js";
import { createXnnpack, deleteXnnpack } from "./xnnpack.js";

/** Options for creating an interpreter. */
export interface InterpreterOptions {
  readonly threads: number;
  /** True if XNNPACK runs the operators that it supports. */
  readonly xnnpack: "required" | "preferred" | "never";
  /** True if variables keep their values from call to call. */
  readonly keepsState: boolean;
  /** True if `delegation` is counted, which makes each `reshape` slower. */
  readonly countsDelegation: boolean;
}

const NEVER = ["never"] as const;

/** The reason why tensors cannot be allocated, and the operators that XNNPACK would have run. */
interface Refusal {
  readonly message: string;
  readonly delegation: Delegation | undefined;
}

/** Never create an interpreter or pack weights on the event loop. */
const onThread = new RunPlan("thread", 0);

/** One TfLiteInterpreter: runs one call at a time. */
export class Interpreter {
  readonly #model: NativeModel;
  readonly #options: InterpreterOptions;
  readonly #reporter: ErrorReporter;
  readonly #pointer: bigint;
  readonly #plans: ExecutionPlans;
  readonly #runners = new Map<number, SubgraphRunner>();
  #delegate: bigint | null = null;
  #isClosed = false;
  #hasRun = false;

  private constructor(
    model: NativeModel,
    options: InterpreterOptions,
    reporter: ErrorReporter,
    pointer: bigint,
  ) {
    this.#model = model;
    this.#options = options;
    this.#reporter = reporter;
    this.#pointer = pointer;
    this.#plans = new ExecutionPlans(model.tflite.bindings, pointer);
  }

  /**
   * Creates an interpreter. If the file has all extents that the primary subgraph needs, tensors are allocated;
   * otherwise the first `reshape` allocates them, for the shapes of a call. If XNNPACK does not accept the graph, the
   * graph runs without it, unless XNNPACK is required.
   *
   * @throws ServingError UNIMPLEMENTED / MODEL_REFUSED with TensorFlow Lite's message.
   */
  static async create(model: NativeModel, options: InterpreterOptions): Promise<Interpreter> {
    const { extents } = model.file;
    const isRequired = options.xnnpack === "required";
    let refusal: Refusal | undefined;
    for (const xnnpack of options.xnnpack === "never" ? NEVER : [options.xnnpack, ...NEVER]) {
      const interpreter = await Interpreter.#open(model, { ...options, xnnpack });
      const problem = extents === "unknown" ? undefined : await interpreter.#prepareOrClose(0);
      if (problem === undefined) {
        interpreter.#plans.delegation ??= refusal?.delegation;
        if (refusal === undefined || !isRequired) return interpreter;
        interpreter.close();
        throw errors.modelRefused(model.path, model.libraryName, refusal.message);
      }
      if (!isRequired || refusal === undefined) refusal = problem;
    }
    // A batch of one row is also a guess: the model may accept only others.
    if (extents === "batch") return Interpreter.#open(model, options);
    throw errors.modelRefused(model.path, model.libraryName, refusal?.message ?? "");
  }

  /** Creates an interpreter without allocating tensors. */
  static async #open(model: NativeModel, options: InterpreterOptions): Promise<Interpreter> {
    const { executor, tflite } = model;
    const { bindings, canCancel } = tflite;
    const reporter = new ErrorReporter();
    const settings = bindings.optionsCreate();
    bindings.setNumThreads(settings, options.threads);
    bindings.setErrorReporter(settings, reporter.pointer, reporter.userData);
    if (canCancel) bindings.enableCancellation(settings, true);
    const create = bindings.interpreterCreate;
    const pointer = await executor.run<bigint | null>(
      onThread,
      undefined,
      create,
      model.pointer,
      settings,
    );
    bindings.optionsDelete(settings);
    if (pointer === null) {
      reporter[Symbol.dispose]();
      throw errors.modelRefused(model.path, model.libraryName, reporter.take());
    }
    counts.interpreters++;
    return new Interpreter(model, options, reporter, pointer);
  }

  /** True if XNNPACK was applied to the graph. */
  get hasXnnpack(): boolean {
    return this.#delegate !== null;
  }

  /** `never` if XNNPACK was preferred but does not accept the graph. */
  get xnnpack(): InterpreterOptions["xnnpack"] {
    return this.#options.xnnpack;
  }

  /** True if variables have values of an earlier call that the next call must not see. */
  get isSpent(): boolean {
    return this.#hasRun && !this.#options.keepsState && this.#model.file.state === "resources";
  }

  /** The number of operators that XNNPACK runs. Undefined before tensors are first allocated. */
  get delegation(): Delegation | undefined {
    return this.#plans.delegation;
  }

  /** Returns whether the tensors are allocated for these inputs. */
  fits(signature: ModelSignature, tensors: Tensors): boolean {
    return this.#runners.get(signature.subgraph)?.fits(signature, tensors) ?? false;
  }

  /**
   * Allocates the tensors for inputs of other shapes. After a failure, close or restore the interpreter.
   *
   * @throws ServingError INVALID_ARGUMENT / TENSOR_SHAPE_REFUSED with TensorFlow Lite's message.
   */
  async reshape(signature: ModelSignature, tensors: Tensors): Promise<void> {
    const runner = this.#runner(signature.subgraph);
    const shapes = new Map(
      signature.inputs.map(({ name }) => [name, (tensors[name] as Tensor).shape]),
    );
    const problem = runner.resize(signature, shapes)
      ? await this.#prepare(signature.subgraph)
      : this.takeMessages();
    if (problem === undefined) return;
    const text = [...shapes.values()].map((shape) => `[${shape}]`).join(", ");
    throw errors.reshapeFailed(text, problem);
  }

  /** Restores the shapes before a failed `reshape`, if variables are kept; returns whether it did. */
  async restore(signature: ModelSignature): Promise<boolean> {
    if (!this.#hasRun || !this.#options.keepsState) return false;
    const runner = this.#runner(signature.subgraph);
    return runner.resize(signature, runner.shapesOf(signature)) && runner.allocate();
  }

  /** Resets variables unless they are kept, then copies the inputs: an input can itself be a variable. */
  write(signature: ModelSignature, tensors: Tensors): void {
    const { file, tflite } = this.#model;
    const isStateful = file.state === "variables" && signature.subgraph === 0;
    if (isStateful && !this.#options.keepsState) {
      tflite.bindings.resetVariables(this.#pointer);
    }
    this.#runner(signature.subgraph).write(signature, tensors);
  }

  /** Runs a signature: returns a status if it ran inline, otherwise a promise of one. */
  invoke(signature: ModelSignature, limits: RunLimits): number | Promise<number> {
    this.#hasRun = true;
    return this.#runner(signature.subgraph).invoke(limits);
  }

  /** Copies outputs out of the interpreter's memory: the named outputs, or all. */
  read(signature: ModelSignature, names: readonly string[] | undefined): Tensors {
    return this.#runner(signature.subgraph).read(signature, names);
  }

  /** Stops the run in progress between two operators; returns whether the library supports that. */
  cancel(): boolean {
    const { bindings, canCancel } = this.#model.tflite;
    if (canCancel) bindings.cancel(this.#pointer);
    return canCancel;
  }

  /** TensorFlow Lite's messages since the last call. */
  takeMessages(): string {
    return this.#reporter.take();
  }

  /** Frees the interpreter. Do not call it during a run. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { tflite } = this.#model;
    for (const runner of this.#runners.values()) runner[Symbol.dispose]();
    tflite.bindings.interpreterDelete(this.#pointer);
    counts.interpreters--;
    deleteXnnpack(tflite, this.#delegate);
    this.#reporter[Symbol.dispose]();
  }

  /** Allocates the tensors of a subgraph, or closes the interpreter. */
  async #prepareOrClose(subgraph: number): Promise<Refusal | undefined> {
    let isPrepared = false;
    try {
      const message = await this.#prepare(subgraph);
      isPrepared = message === undefined;
      const { delegation } = this;
      if (message === undefined) return undefined;
      return { message, delegation: delegation && { ...delegation, delegated: 0 } };
    } finally {
      if (!isPrepared) this.close();
    }
  }

  /** Allocates the tensors of a subgraph; returns the problem, as TensorFlow Lite's message if there is one. */
  async #prepare(subgraph: number): Promise<string | undefined> {
    if (!(await this.#applyXnnpack())) return this.takeMessages() || XNNPACK_REFUSES;
    const runner = this.#runner(subgraph);
    if (!(await runner.allocate())) return this.takeMessages();
    const empty = this.#emptyOperator(subgraph);
    return empty && `${empty} would have a tensor without elements`;
  }

  /** Applies XNNPACK to the graph, once, when the shapes are known: 2.9 prepares the operators for these shapes. */
  async #applyXnnpack(): Promise<boolean> {
    const { executor, tflite } = this.#model;
    if (this.#options.xnnpack === "never" || this.hasXnnpack) return true;
    this.#delegate = createXnnpack(tflite, this.#options.threads);
    if (this.#delegate === null) return this.#options.xnnpack !== "required";
    if (this.#options.countsDelegation) this.#plans.observe();
    const { modifyGraph } = tflite.bindings;
    const status = await executor.run(
      onThread,
      undefined,
      modifyGraph,
      this.#pointer,
      this.#delegate,
    );
    if (this.#options.countsDelegation) this.#plans.compare();
    return status === OK;
  }

  /**
   * Returns an operator that cannot run with the current shapes: see `emptyOperator`. Shapes inside XNNPACK are not
   * visible: see `ShapeCheck`.
   */
  #emptyOperator(subgraph: number): string | undefined {
    const { file, tflite } = this.#model;
    const outline = file.outlines.get(subgraph);
    if (outline === undefined || this.hasXnnpack) return undefined;
    const runner = this.#runner(subgraph);
    const table = TensorTable.of(runner.knownTensors(outline));
    if (table === undefined) return undefined;
    return emptyOperator({
      outline,
      table,
      bindings: tflite.bindings,
      dynamic: runner.dynamicTensors,
    });
  }

  #runner(subgraph: number): SubgraphRunner {
    const known = this.#runners.get(subgraph);
    if (known !== undefined) return known;
    const { executor, file, tflite } = this.#model;
    const signatures = [...file.signatures.values()].filter((s) => s.subgraph === subgraph);
    const access =
      subgraph === 0
        ? primaryAccess(tflite.bindings, this.#pointer)
        : signatureAccess(tflite.bindings, this.#pointer, signatures);
    const runner = new SubgraphRunner(tflite, executor, access, signatures);
    this.#runners.set(subgraph, runner);
    return runner;
  }
}

/** The message for a failure without a message from TensorFlow Lite. */
const XNNPACK_REFUSES = "XNNPACK cannot take tensors whose size only the run tells";
