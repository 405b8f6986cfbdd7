import { WaitLine } from "@serving-kit/core";
import type { Delegation, Tensors } from "@serving-kit/inference";
import type { ModelSignature } from "../model-signature.js";
import { Interpreter, type InterpreterOptions } from "./interpreter.js";
import type { NativeModel } from "./model.js";
import { ShapeCheck } from "./shape-check.js";

/** Options of `InterpreterPool`: the maximum number of interpreters, and how to create them. */
export interface InterpreterPoolOptions extends Omit<InterpreterOptions, "countsDelegation"> {
  readonly interpreters: number;
  /** Receives the number of operators that XNNPACK runs, when it becomes known and when it changes. */
  readonly onDelegation?: (delegation: Delegation) => void;
}

/**
 * The interpreters of one model. Each is lent to one call at a time; calls that find none free wait in order of
 * arrival. If a call finds none free, another interpreter is created, up to the maximum. An interpreter whose variables
 * a call assigned is replaced by a new one, unless state is kept.
 */
export class InterpreterPool {
  readonly #model: NativeModel;
  #options: InterpreterPoolOptions;
  readonly #idle: Interpreter[] = [];
  readonly #line = new WaitLine<Interpreter>();
  readonly #growing = new Set<Promise<void>>();
  readonly #shapes: ShapeCheck;
  #size = 0;
  #delegation: Delegation | undefined;

  private constructor(model: NativeModel, options: InterpreterPoolOptions) {
    this.#model = model;
    this.#options = options;
    this.#shapes = new ShapeCheck(model, options);
  }

  /** Creates a pool with its first interpreter. */
  static async create(
    model: NativeModel,
    options: InterpreterPoolOptions,
  ): Promise<InterpreterPool> {
    const pool = new InterpreterPool(model, options);
    pool.#idle.push(await pool.#create());
    pool.#size = 1;
    return pool;
  }

  /** The number of operators that XNNPACK runs. Undefined if XNNPACK is off, or before the first shapes are known. */
  get delegation(): Delegation | undefined {
    return this.#delegation;
  }

  /** Lends a free interpreter that has the shapes of the inputs, if there is one. */
  takeFitting(signature: ModelSignature, tensors: Tensors): Interpreter | undefined {
    const idle = this.#idle;
    for (let i = idle.length - 1; i >= 0; i--) {
      const interpreter = idle[i] as Interpreter;
      if (!interpreter.fits(signature, tensors)) continue;
      if (i === idle.length - 1) idle.pop();
      else idle.splice(i, 1);
      return interpreter;
    }
    return undefined;
  }

  /** Lends the least recently used free interpreter, if there is one. */
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
    if (interpreter.isSpent) {
      interpreter.close();
      this.#size--;
      this.#grow();
    } else if (!this.#line.admit(interpreter)) this.#idle.push(interpreter);
  }

  /** Removes one of the lent interpreters, whose run may never end. The caller closes it after the run. */
  forgetOne(): void {
    this.#size--;
    if (this.#line.length > 0) this.#grow();
  }

  /** Replaces the free interpreters by a new one, whose variables no run has changed. */
  async renew(): Promise<void> {
    const fresh = await this.#create();
    const idle = this.#idle.splice(0, this.#idle.length, fresh);
    this.#size += 1 - idle.length;
    for (const interpreter of idle) interpreter.close();
  }

  /**
   * Changes the input shapes of a lent interpreter, or returns another interpreter that has them. With XNNPACK 2.9,
   * some graphs cannot be resized after XNNPACK took a part of them; the pool then continues without XNNPACK. If this
   * rejects, the interpreter was closed or returned to the pool.
   */
  async reshape(
    interpreter: Interpreter,
    signature: ModelSignature,
    tensors: Tensors,
  ): Promise<Interpreter> {
    try {
      if (interpreter.xnnpack !== "never") await this.#shapes.check(signature, tensors);
    } catch (error) {
      this.put(interpreter);
      throw error;
    }
    try {
      await interpreter.reshape(signature, tensors);
      this.#report(interpreter);
      return interpreter;
    } catch (error) {
      if (await interpreter.restore(signature)) {
        this.put(interpreter);
        throw error;
      }
      interpreter.close();
      try {
        if (!interpreter.hasXnnpack || this.#options.xnnpack === "required") throw error;
        return await this.#createPlain(signature, tensors, interpreter.delegation);
      } catch {
        this.#size--;
        if (this.#line.length > 0) this.#grow();
        throw error;
      }
    }
  }

  /** Frees all interpreters. Every lent interpreter must have been returned or removed. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#growing);
    await this.#shapes.close();
    for (const interpreter of this.#idle.splice(0)) interpreter.close();
  }

  async #create(): Promise<Interpreter> {
    const interpreter = await Interpreter.create(this.#model, {
      ...this.#options,
      countsDelegation: this.#delegation === undefined,
    });
    this.#options = { ...this.#options, xnnpack: interpreter.xnnpack };
    this.#report(interpreter);
    return interpreter;
  }

  async #createPlain(
    signature: ModelSignature,
    tensors: Tensors,
    delegation: Delegation | undefined,
  ): Promise<Interpreter> {
    const options = { ...this.#options, xnnpack: "never", countsDelegation: false } as const;
    const interpreter = await Interpreter.create(this.#model, options);
    try {
      await interpreter.reshape(signature, tensors);
    } catch (error) {
      interpreter.close();
      throw error;
    }
    this.#options = options;
    this.#report({ delegation: delegation && { ...delegation, delegated: 0 } });
    return interpreter;
  }

  #report({ delegation }: Pick<Interpreter, "delegation">): void {
    if (delegation === undefined || delegation.delegated === this.#delegation?.delegated) return;
    this.#delegation = delegation;
    this.#options.onDelegation?.(delegation);
  }

  #grow(): void {
    if (this.#size >= this.#options.interpreters) return;
    this.#size++;
    const growing = this.#create()
      .then(
        (interpreter) => this.put(interpreter),
        (error) => this.#failedToGrow(error),
      )
      .finally(() => this.#growing.delete(growing));
    this.#growing.add(growing);
  }

  /** Rejects the waiting calls if no interpreter is left. Otherwise they get one that comes back. */
  #failedToGrow(error: unknown): void {
    this.#size--;
    while (this.#size === 0 && this.#line.refuse(error));
  }
}
