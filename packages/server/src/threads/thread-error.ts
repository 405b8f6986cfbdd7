import { type Code, isServingError, messageOf, ServingError } from "@serving-kit/core";

/** An error as it goes from thread to thread: the structured clone of one forgets what it is. */
export interface ThreadError {
  /** Of a ServingError. */
  readonly serving?: {
    readonly code: Code;
    readonly reason: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly status: number;
  };
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
}

/** Writes anything that was thrown so that it can be posted. */
export function writeError(error: unknown): ThreadError {
  const { name = "Error", stack } = (error ?? {}) as Partial<Error>;
  const written = { name: String(name), message: messageOf(error), stack };
  if (!isServingError(error)) return written;
  const { code, reason, status } = error;
  return { ...written, serving: { code, reason, details: cloneable(error.details), status } };
}

/** Makes the error again, with the stack of the thread that it was thrown in. */
export function readError({ serving, name, message, stack }: ThreadError): Error {
  const error = serving
    ? new ServingError(serving.code, serving.reason, message, serving)
    : new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The facts as far as they can be posted. */
function cloneable(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(facts ?? {}).filter(([, value]) => {
      try {
        structuredClone(value);
        return true;
      } catch {
        return false;
      }
    }),
  );
}
