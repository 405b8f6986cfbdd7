import { CODES, type Code } from "@serving-kit/core";
import type { Bindings } from "./bindings.js";

const codeNames = new Map<number, Code>(
  Object.entries(CODES).map(([name, number]) => [number, name as Code]),
);

/** Longer messages, such as those with a whole Python stack, are truncated. */
const MAX_MESSAGE = 2_000;

const OK = 0;

/**
 * A TF_Status that a call writes to. Calls take one and return it, so that only a few are created.
 *
 * Not every function writes a status on success (`TF_SetConfig` does not), so do not pass a status that has an error to
 * another function. `TF_SessionRun` clears its status first.
 */
export class Status {
  readonly pointer: bigint;
  readonly #bindings: Bindings;

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
    this.pointer = bindings.newStatus();
  }

  free(): void {
    this.#bindings.deleteStatus(this.pointer);
  }

  get isOk(): boolean {
    return this.#bindings.code(this.pointer) === OK;
  }

  /** The canonical code; TensorFlow's are the same as gRPC's. */
  get code(): Code {
    return codeNames.get(this.#bindings.code(this.pointer)) ?? "UNKNOWN";
  }

  /** TensorFlow's message. */
  get message(): string {
    const message: string = this.#bindings.message(this.pointer) ?? "";
    return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  }
}

const idle = new WeakMap<Bindings, Status[]>();

/** Takes a status that is OK. Return it with `giveStatus`, unless its call may still write to it. */
export function takeStatus(bindings: Bindings): Status {
  return idle.get(bindings)?.pop() ?? new Status(bindings);
}

/** Returns a status. A status with an error is freed. */
export function giveStatus(bindings: Bindings, status: Status): void {
  if (!status.isOk) {
    status.free();
    return;
  }
  const statuses = idle.get(bindings);
  if (statuses === undefined) idle.set(bindings, [status]);
  else statuses.push(status);
}
