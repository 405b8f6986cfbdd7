/** Number of bytes at the start of a body that are examined: white space, a brace and the first key. */
const START_BYTES = 64;

/** Returns whether a body is `{"error": …}`, the form in which TF Serving's REST API refuses a request. */
export function isRefusal(body: Uint8Array): boolean {
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, START_BYTES));
  return /^\s*\{\s*"error"\s*:/.test(start.toString("latin1"));
}

const MAX_CHARACTERS = 2_000;

/** Returns the error text of a refusal. */
export function refusalOf(body: Uint8Array): string {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString();
  try {
    const { error } = JSON.parse(text) as { error: unknown };
    return (typeof error === "string" ? error : JSON.stringify(error)).slice(0, MAX_CHARACTERS);
  } catch {
    return text.slice(0, MAX_CHARACTERS);
  }
}
