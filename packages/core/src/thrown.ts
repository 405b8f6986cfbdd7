/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    // An object without a prototype, or one whose toString throws.
    return "a value that has no string form was thrown";
  }
}

/** Maximum number of nested causes that are read. Deeper causes are dropped. */
const MAX_CAUSES = 8;

/**
 * Returns a thrown value as an Error whose members can be read safely: the value itself if it is such an Error, else
 * an Error with its message. A thrown value may not be an Error at all, may be a revoked Proxy, or may have getters
 * that throw or do not return a string. Never throws.
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
