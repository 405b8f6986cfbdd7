/** Returns whether a value can be posted to another thread. */
export function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** Maximum nesting depth of a predictor's facts. Deeper parts are omitted. */
const MAX_DEPTH = 8;

/**
 * Returns a copy of facts that can be posted to another thread: Maps, arrays and plain objects of strings, numbers,
 * bigints and booleans. Other values, such as functions that a plugin adds to its signatures, are omitted.
 */
export function plainCopy<T>(facts: T): T {
  return copyOf(facts, MAX_DEPTH) as T;
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return undefined;
  const copied = (one: unknown) => copyOf(one, depth - 1);
  if (Array.isArray(value)) return Array.from(value, copied);
  if (Symbol.iterator in value && "get" in value) {
    const entries = value as unknown as Iterable<[unknown, unknown]>;
    return new Map(Array.from(entries, ([name, one]) => [name, copied(one)]));
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, copied(one)]));
}
