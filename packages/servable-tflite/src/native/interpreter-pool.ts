import type { Tensors } from "@serving-kit/inference";
import { WaitLine } from "@serving-kit/native-library";
import type { Binding } from "../model-file.js";
import { Interpreter, type InterpreterOptions } from "./interpreter.js";
import type { NativeModel } from "./model.js";

/** How many interpreters a pool makes at most, and how. */
export interface InterpreterPoolOptions extends InterpreterOptions {
  readonly interpreters: number;
}

/**
 * The interpreters of one model. Each is lent to one call at a time; calls that find none wait in
 * the order of arrival. Another interpreter is made when a call finds none free.
 */
export class InterpreterPool {
  readonly #model: NativeModel;
  #options: InterpreterPoolOptions;
  readonly #idle: Interpreter[] = [];
  readonly #line = new WaitLine<Interpreter>();
  readonly #growing = new Set<Promise<void>>();
  #size = 0;

  private constructor(model: NativeModel, options: InterpreterPoolOptions) {
    this.#model = model;
    this.#options = options;
  }

  /** Makes a pool with its first interpreter. */
  static async create(
    model: NativeModel,
    options: InterpreterPoolOptions,
  ): Promise<InterpreterPool> {
    const pool = new InterpreterPool(model, options);
    pool.#idle.push(await Interpreter.create(model, options));
    pool.#size = 1;
    return pool;
  }

  /** Lends a free interpreter that has the shapes of the inputs, if there is one. */
  takeFitting(inputs: readonly Binding[], tensors: Tensors): Interpreter | undefined {
    const idle = this.#idle;
    for (let i = idle.length - 1; i >= 0; i--) {
      const interpreter = idle[i] as Interpreter;
      if (!interpreter.fits(inputs, tensors)) continue;
      if (i === idle.length - 1) idle.pop();
      else idle.splice(i, 1);
      return interpreter;
    }
    return undefined;
  }

  /** Lends the free interpreter that was not used for longest, if there is one. */
  take(): Interpreter | undefined {
    return this.#idle.shift();
  }

  /** Lends the next interpreter that becomes free. */
  wait(signal?: AbortSignal): Promise<Interpreter> {
    const waiting = this.#line.wait(signal);
    this.#grow();
    return waiting;
  }

  /** Takes an interpreter back. */
  put(interpreter: Interpreter): void {
    if (!this.#line.admit(interpreter)) this.#idle.push(interpreter);
  }

  /**
   * Gives a lent interpreter the shapes of other inputs, or gives another one that has them. Where
   * XNNPACK 2.9 took a part of the graph, some graphs cannot be resized that can without it: then the
   * pool goes on without. When this fails, nothing is lent any more.
   */
  async reshape(
    interpreter: Interpreter,
    inputs: readonly Binding[],
    tensors: Tensors,
  ): Promise<Interpreter> {
    try {
      await interpreter.reshape(inputs, tensors);
      return interpreter;
    } catch (error) {
      interpreter.close();
      try {
        if (!interpreter.hasXnnpack || this.#options.xnnpack === "required") throw error;
        return await this.#makePlain(inputs, tensors);
      } catch {
        this.#size--;
        if (this.#line.length > 0) this.#grow();
        throw error;
      }
    }
  }

  /** Frees all. Every interpreter must be back. May be repeated. */
  async close(): Promise<void> {
    await Promise.all(this.#growing);
    for (const interpreter of this.#idle.splice(0)) interpreter.close();
  }

  async #makePlain(inputs: readonly Binding[], tensors: Tensors): Promise<Interpreter> {
    const options: InterpreterPoolOptions = { ...this.#options, xnnpack: "never" };
    const interpreter = await Interpreter.create(this.#model, options);
    try {
      await interpreter.reshape(inputs, tensors);
    } catch (error) {
      interpreter.close();
      throw error;
    }
    this.#options = options;
    return interpreter;
  }

  #grow(): void {
    if (this.#size >= this.#options.interpreters) return;
    this.#size++;
    const growing = Interpreter.create(this.#model, this.#options)
      .then(
        (interpreter) => this.put(interpreter),
        (error) => this.#failedToGrow(error),
      )
      .finally(() => this.#growing.delete(growing));
    this.#growing.add(growing);
  }

  /** Those who wait get an interpreter that comes back, if there is one. */
  #failedToGrow(error: unknown): void {
    this.#size--;
    while (this.#size === 0 && this.#line.refuse(error));
  }
}
