/**
 * Amounts of named resources, such as `{ ramBytes: 1_200_000 }`. A name that is absent stands for
 * zero; amounts are finite and not negative.
 */
export type Resources = Readonly<Record<string, number>>;

/** The resource that estimates of memory use: bytes of main memory. */
export const RAM_BYTES = "ramBytes";

/**
 * Keeps account of what is reserved of limited resources.
 *
 * A resource that the limits do not name is unlimited.
 */
export class ResourceTracker {
  readonly #limits: Resources;
  readonly #reserved = new Map<string, number>();

  constructor(limits: Resources = {}) {
    for (const [name, amount] of Object.entries(limits)) checkAmount(name, amount);
    this.#limits = limits;
  }

  /** What is reserved now. */
  get reserved(): Resources {
    return Object.fromEntries(this.#reserved);
  }

  /** The limits that were given. */
  get limits(): Resources {
    return this.#limits;
  }

  /** Reserves all of `amounts`, or nothing and returns false when one of them does not fit. */
  reserve(amounts: Resources): boolean {
    for (const [name, amount] of Object.entries(amounts)) {
      checkAmount(name, amount);
      const limit = Object.hasOwn(this.#limits, name) ? this.#limits[name] : undefined;
      if (limit !== undefined && (this.#reserved.get(name) ?? 0) + amount > limit) return false;
    }
    for (const [name, amount] of Object.entries(amounts)) this.#add(name, amount);
    return true;
  }

  /** Gives back what `reserve` took. */
  release(amounts: Resources): void {
    for (const [name, amount] of Object.entries(amounts)) this.#add(name, -amount);
  }

  #add(name: string, amount: number): void {
    const sum = (this.#reserved.get(name) ?? 0) + amount;
    if (sum === 0) this.#reserved.delete(name);
    else this.#reserved.set(name, sum);
  }
}

function checkAmount(name: string, amount: number): void {
  if (!Number.isFinite(amount) || amount < 0) {
    throw new RangeError(
      `the amount of resource "${name}" must be a finite number >= 0; got ${amount}`,
    );
  }
}
