import { asError, type Code, isServingError, ServingError } from "@serving-kit/core";
import { statusOf } from "../status-mapping.js";
import { isCloneable } from "./cloneable.js";

/** An error in a form that can be posted, because a structured clone loses its type. */
export interface ThreadError {
  /** The fields of a ServingError. */
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

/** Converts any thrown value to a form that can be posted. Never throws. */
export function writeError(thrown: unknown): ThreadError {
  const { name, message, stack } = asError(thrown);
  const written = { name, message, stack };
  if (!isServingError(thrown)) return written;
  const { code, reason } = thrown;
  const { httpStatus: status } = statusOf(thrown);
  return { ...written, serving: { code, reason, details: cloneableDetails(thrown), status } };
}

/** Restores the error, with the stack of the thread that threw it. */
export function readError({ serving, name, message, stack }: ThreadError): Error {
  const error = serving
    ? new ServingError(serving.code, serving.reason, message, serving)
    : new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** The details of an error, without those that cannot be posted. */
function cloneableDetails(error: ServingError): ServingError["details"] {
  try {
    const facts = Object.entries(error.details ?? {});
    return Object.fromEntries(facts.filter(([, value]) => isCloneable(value)));
  } catch {
    return {}; // A getter threw.
  }
}
