/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    // An object without a prototype, or one whose toString throws.
    return "a value that has no string form was thrown";
  }
}

/** How many causes of an error are read. Later causes are not shown to readers that follow them. */
const MAX_CAUSES = 8;

/**
 * Returns anything that was thrown as an Error that every reader can read: the value itself if it is such an Error,
 * else an Error with its message. A value can be no Error, a revoked Proxy, or an object whose getters throw or return
 * something that is not a string. Never throws.
 */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && isReadable(thrown, MAX_CAUSES)) return thrown;
  } catch {
    // A getter threw, or a Proxy was revoked.
  }
  return new Error(messageOf(thrown));
}

function isReadable(error: Error, causes: number): boolean {
  const { name, message, stack = "" } = error;
  if (typeof name !== "string" || typeof message !== "string" || typeof stack !== "string") {
    return false;
  }
  // Loggers read all enumerable properties.
  for (const key in error) void (error as unknown as Record<string, unknown>)[key];
  const { cause } = error;
  if (cause === undefined || cause === null) return true;
  if (typeof cause !== "object" && typeof cause !== "function") return true;
  if (cause instanceof Error) return causes > 0 && isReadable(cause, causes - 1);
  return typeof String(cause) === "string";
}
