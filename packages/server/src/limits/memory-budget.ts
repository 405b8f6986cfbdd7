import { errors } from "../errors.js";
import type { CallAllowance, CallBudget } from "../plugins/call-budget.js";
import type { SharedCount } from "./shared-counts.js";

/**
 * The unit of the shared count: an Int32 of bytes would overflow at 2 GiB, and a smaller unit would be counted too
 * often.
 */
const UNIT_BYTES = 16_384;

/** Minimum limit of a single request, in bytes. */
const MIN_REQUEST_BYTES = 32 * 2 ** 20;

/** Limit of a single request, in multiples of its body. */
const EXPANSION = 10;

/** The memory budget of all event loops, with a shared count. Contract: `CallBudget`. */
export class MemoryBudget implements CallBudget {
  /** The budget in bytes. */
  readonly limitBytes: number;
  readonly #count: SharedCount;
  readonly #limit: number;

  constructor(limitBytes: number, count: SharedCount) {
    this.limitBytes = limitBytes;
    this.#limit = Math.ceil(limitBytes / UNIT_BYTES);
    this.#count = count;
  }

  open(): CallAllowance {
    return new BudgetAllowance(this);
  }

  /** True if more than three quarters are taken. Responses that clients do not read then time out sooner. */
  get isScarce(): boolean {
    return this.#count.total > this.#limit * 0.75;
  }

  /** Takes units if enough are free; otherwise returns false. */
  reserve(units: number): boolean {
    if (this.#count.add(units) <= this.#limit) return true;
    this.#count.add(-units);
    return false;
  }

  /** Takes units even if none are free; a negative number releases units. */
  add(units: number): void {
    this.#count.add(units);
  }
}

class BudgetAllowance implements CallAllowance {
  readonly #budget: MemoryBudget;
  #received = 0;
  #bytes = 0;
  #units = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  receive(bytes: number): void {
    this.#received += bytes;
    this.take(bytes);
  }

  take(bytes: number): void {
    const total = this.#bytes + bytes;
    if (total > this.#units * UNIT_BYTES) this.#grow(total);
    this.#bytes = total;
  }

  answer(bytes: number): void {
    this.#bytes = bytes;
    const units = Math.ceil(bytes / UNIT_BYTES);
    if (units !== this.#units) this.#budget.add(units - this.#units);
    this.#units = units;
  }

  [Symbol.dispose](): void {
    if (this.#units > 0) this.answer(0);
  }

  #grow(total: number): void {
    const budget = this.#budget;
    const own = Math.max(MIN_REQUEST_BYTES, EXPANSION * this.#received);
    const limit = Math.min(own, budget.limitBytes);
    if (!(total <= limit)) throw errors.requestTooCostly(limit);
    const units = Math.ceil(total / UNIT_BYTES);
    if (!budget.reserve(units - this.#units)) throw errors.memorySpent(budget.limitBytes);
    this.#units = units;
  }
}
