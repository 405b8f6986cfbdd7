/**
 * Amounts of named resources, such as `{ ramBytes: 1_200_000 }`. A name that is absent stands for
 * zero; amounts are finite and not negative.
 */
export type Resources = Readonly<Record<string, number>>;

/** The resource that estimates of memory use: bytes of main memory. */
export const RAM_BYTES = "ramBytes";

/** Writes amounts for a message: `ramBytes 200, servables 1`, or `nothing`. Internal. */
export function formatResources(amounts: Resources): string {
  const entries = Object.entries(amounts);
  return entries.map(([name, amount]) => `${name} ${amount}`).join(", ") || "nothing";
}

/**
 * Keeps account of what is reserved of limited resources.
 *
 * A resource that the limits do not name is unlimited.
 */
export class ResourceTracker {
  /** The limits that were given. */
  readonly limits: Resources;
  readonly #reserved = new Map<string, { amount: number; holders: number }>();

  /** Throws RangeError when a limit is not a finite number >= 0. */
  constructor(limits: Resources = {}) {
    checkAmounts(limits);
    this.limits = { ...limits };
  }

  /** The amounts that are reserved now. */
  get reserved(): Resources {
    return Object.fromEntries([...this.#reserved].map(([name, { amount }]) => [name, amount]));
  }

  /** Whether `amounts` fit when nothing else is reserved. Throws RangeError as `reserve` does. */
  canEverReserve(amounts: Resources): boolean {
    checkAmounts(amounts);
    return Object.entries(amounts).every(([name, amount]) => amount <= this.#limitOf(name));
  }

  /**
   * Reserves all of `amounts`, or nothing and returns false when one of them does not fit. Throws
   * RangeError, having reserved nothing, when an amount is not a finite number >= 0.
   */
  reserve(amounts: Resources): boolean {
    checkAmounts(amounts);
    const entries = Object.entries(amounts);
    const fits = entries.every(
      ([name, amount]) => this.#amountOf(name) + amount <= this.#limitOf(name),
    );
    if (!fits) return false;
    for (const [name, amount] of entries) {
      const holders = (this.#reserved.get(name)?.holders ?? 0) + 1;
      this.#reserved.set(name, { amount: this.#amountOf(name) + amount, holders });
    }
    return true;
  }

  /**
   * Exchanges what `reserve` took for other amounts, if none of them is greater and one is smaller;
   * else changes nothing and returns false.
   */
  lower(before: Resources, after: Resources): boolean {
    checkAmounts(after);
    const names = Object.keys({ ...before, ...after });
    const amountIn = (amounts: Resources, name: string) =>
      Object.hasOwn(amounts, name) ? (amounts[name] as number) : 0;
    if (names.some((name) => amountIn(after, name) > amountIn(before, name))) return false;
    if (names.every((name) => amountIn(after, name) === amountIn(before, name))) return false;
    this.release(before);
    return this.reserve(after);
  }

  /** Releases what `reserve` took. */
  release(amounts: Resources): void {
    for (const [name, amount] of Object.entries(amounts)) {
      const holders = (this.#reserved.get(name)?.holders ?? 0) - 1;
      // Counted, since a sum of fractions need not come back to zero.
      if (holders <= 0) this.#reserved.delete(name);
      else this.#reserved.set(name, { amount: this.#amountOf(name) - amount, holders });
    }
  }

  #amountOf(name: string): number {
    return this.#reserved.get(name)?.amount ?? 0;
  }

  #limitOf(name: string): number {
    return Object.hasOwn(this.limits, name)
      ? (this.limits[name] as number)
      : Number.POSITIVE_INFINITY;
  }
}

function checkAmounts(amounts: Resources): void {
  for (const [name, amount] of Object.entries(amounts)) {
    if (Number.isFinite(amount) && amount >= 0) continue;
    throw new RangeError(
      `the amount of resource "${name}" must be a finite number >= 0; got ${amount}`,
    );
  }
}
