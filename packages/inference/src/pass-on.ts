/** The members that `guard` defines itself. */
const OWN: ReadonlySet<PropertyKey> = new Set([
  "constructor",
  "signatures",
  "uncallable",
  "batchable",
  "predict",
  "respond",
  Symbol.asyncDispose,
  Symbol.dispose,
]);

/**
 * Defines the other members of `from` on `to`, including inherited ones: methods are bound to `from`, fields become
 * getters.
 */
export function passOn(from: object, to: object): void {
  for (
    let owner: object | null = from;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner)
  ) {
    for (const key of Reflect.ownKeys(owner)) {
      if (OWN.has(key) || Object.hasOwn(to, key)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(owner, key);
      const isMethod = typeof descriptor?.value === "function";
      Object.defineProperty(
        to,
        key,
        isMethod ? { value: descriptor.value.bind(from) } : { get: () => Reflect.get(from, key) },
      );
    }
  }
}
