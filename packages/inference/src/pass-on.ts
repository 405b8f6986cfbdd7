/** Members that `guard` has itself. */
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

/** Defines on `to` the other members of `from`, inherited ones too: methods bound to it, fields by getters. */
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
