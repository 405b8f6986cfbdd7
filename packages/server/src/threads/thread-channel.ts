import type { Transferable } from "node:worker_threads";
import type { PredictOptions } from "@serving-kit/inference";
import { readError, type ThreadError, writeError } from "./thread-error.js";

/** The parts of a Worker, or of a worker's `parentPort`, that a channel needs. */
export interface ThreadPort {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  on(event: "message", listener: (message: ChannelMessage) => void): unknown;
}

/** Receives a fact about a call. Contract: `PredictOptions.onFact`. */
export type OnFact = NonNullable<PredictOptions["onFact"]>;

/**
 * The methods that one side of a channel provides to the other, by name. Each receives one argument that can be posted,
 * the signal that aborts when the caller aborts the call, and a function that passes facts to the caller before the
 * call ends.
 */
export type ThreadMethods = {
  // biome-ignore lint/suspicious/noExplicitAny: the argument is each method's own
  readonly [name: string]: (argument: any, signal: AbortSignal, onFact: OnFact) => unknown;
};

/** A result whose memory is moved to the other thread instead of copied. */
export class Moved<T> {
  readonly value: T;
  readonly transfer: readonly Transferable[];

  constructor(value: T, transfer: readonly Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

/** The result type of a method on the other side. */
export type Answer<M extends ThreadMethods[string]> =
  Awaited<ReturnType<M>> extends Moved<infer T> ? T : Awaited<ReturnType<M>>;

/** A message of a channel. */
export type ChannelMessage =
  | { readonly kind: "call"; readonly id: number; readonly method: string; argument: unknown }
  | { readonly kind: "cancel"; readonly id: number }
  | {
      readonly kind: "fact";
      readonly id: number;
      readonly name: string;
      readonly value: string | number;
    }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly error: ThreadError };

/** Options for a call. */
export interface CallOptions {
  /** Rejects the call with the signal's reason, and aborts it on the other side. */
  readonly signal?: AbortSignal | undefined;
  /** The parts of the argument that are moved instead of copied. */
  readonly transfer?: readonly Transferable[];
  readonly onFact?: OnFact | undefined;
}

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly onFact: OnFact | undefined;
}

/**
 * Calls between two threads, in both directions over one port.
 *
 * Messages arrive in the order in which they were posted. Errors keep their types. When the other thread ends, `end`
 * rejects the calls that wait for it and aborts the calls that it made.
 */
export class ThreadChannel<Local extends ThreadMethods, Remote extends ThreadMethods> {
  readonly #port: ThreadPort;
  readonly #local: Local;
  readonly #pending = new Map<number, PendingCall>();
  readonly #running = new Map<number, AbortController>();
  #nextId = 0;
  #ended: Error | undefined;

  constructor(port: ThreadPort, local: Local) {
    this.#port = port;
    this.#local = local;
    port.on("message", (message) => this.#receive(message));
  }

  /** Calls a method of the other side. Rejects with the error that it throws, or when the other thread ends. */
  call<K extends keyof Remote & string>(
    method: K,
    argument: Parameters<Remote[K]>[0],
    { signal, transfer, onFact }: CallOptions = {},
  ): Promise<Answer<Remote[K]>> {
    const id = this.#nextId++;
    const called = new Promise<unknown>((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#ended !== undefined) throw this.#ended;
      this.#port.postMessage({ kind: "call", id, method, argument }, transfer);
      this.#pending.set(id, { resolve, reject, onFact });
    });
    return (signal ? this.#orAborted(called, id, signal) : called) as Promise<Answer<Remote[K]>>;
  }

  /** Calls a method of the other side without waiting for its end or reporting its failure. */
  tell<K extends keyof Remote & string>(method: K, argument: Parameters<Remote[K]>[0]): void {
    this.call(method, argument).catch(() => {});
  }

  /** Call it when the other thread has ended: rejects the calls to it, and aborts its calls. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    for (const running of this.#running.values()) running.abort(error);
  }

  #orAborted(called: Promise<unknown>, id: number, signal: AbortSignal): Promise<unknown> {
    const abort = () => {
      const pending = this.#pending.get(id);
      if (pending === undefined) return;
      this.#pending.delete(id);
      this.#post({ kind: "cancel", id });
      pending.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    return called.finally(() => signal.removeEventListener("abort", abort));
  }

  #receive(message: ChannelMessage): void {
    const { kind, id } = message;
    if (kind === "call") return void this.#run(id, message.method, message.argument);
    if (kind === "cancel") {
      const reason = new Error("the caller has given the call up");
      reason.name = "AbortError";
      this.#running.get(id)?.abort(reason);
      return;
    }
    const pending = this.#pending.get(id);
    if (kind === "fact") return void pending?.onFact?.(message.name, message.value);
    this.#pending.delete(id);
    if (kind === "result") pending?.resolve(message.value);
    else pending?.reject(readError(message.error));
  }

  async #run(id: number, method: string, argument: unknown): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    const onFact: OnFact = (name, value) => this.#post({ kind: "fact", id, name, value });
    try {
      const result = await this.#local[method]?.(argument, controller.signal, onFact);
      if (this.#ended !== undefined) return;
      const { value, transfer } = result instanceof Moved ? result : new Moved(result, []);
      this.#port.postMessage({ kind: "result", id, value }, transfer);
    } catch (error) {
      this.#post({ kind: "failure", id, error: writeError(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  #post(message: ChannelMessage): void {
    if (this.#ended === undefined) this.#port.postMessage(message);
  }
}
