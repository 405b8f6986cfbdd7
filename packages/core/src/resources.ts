/**
 * Amounts of named resources, such as `{ ramBytes: 1_200_000 }`. An absent name means zero; amounts are finite and
 * not negative.
 */
export type Resources = Readonly<Record<string, number>>;

/** The resource that estimates of memory use: bytes of main memory. */
export const RAM_BYTES = "ramBytes";

/** Formats amounts for a message: `ramBytes 200, servables 1`, or `nothing`. Internal. */
export function formatResources(amounts: Resources): string {
  const entries = Object.entries(amounts);
  return entries.map(([name, amount]) => `${name} ${amount}`).join(", ") || "nothing";
}

/**
 * Tracks the reserved amounts of limited resources.
 *
 * A resource without a limit is unlimited.
 */
export class ResourceTracker {
  /** The limits from the constructor. */
  readonly limits: Resources;
  readonly #reserved = new Map<string, { amount: number; holders: number }>();

  /** Throws RangeError if a limit is not a finite number >= 0. */
  constructor(limits: Resources = {}) {
    checkAmounts(limits);
    this.limits = { ...limits };
  }

  /** The currently reserved amounts. */
  get reserved(): Resources {
    return Object.fromEntries([...this.#reserved].map(([name, { amount }]) => [name, amount]));
  }

  /** Returns whether `amounts` fit if nothing else is reserved. Throws RangeError as `reserve` does. */
  canEverReserve(amounts: Resources): boolean {
    checkAmounts(amounts);
    return Object.entries(amounts).every(([name, amount]) => amount <= this.#limitOf(name));
  }

  /**
   * Reserves all of `amounts`; if one of them does not fit, reserves nothing and returns false. Throws RangeError,
   * without reserving anything, if an amount is not a finite number >= 0.
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
   * Replaces reserved amounts by others, if none of them is larger and one is smaller; else changes nothing and
   * returns false.
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

  /** Releases reserved amounts. */
  release(amounts: Resources): void {
    for (const [name, amount] of Object.entries(amounts)) {
      const holders = (this.#reserved.get(name)?.holders ?? 0) - 1;
      // Counted, because a sum of fractions may not return to exactly zero.
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
