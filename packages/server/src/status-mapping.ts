import { randomUUID } from "node:crypto";
import {
  asError,
  CODES,
  type Code,
  HTTP_STATUS,
  isServingError,
  type Logger,
  type ServingError,
  silentLogger,
} from "@serving-kit/core";
import { type Refusal, refusalOfError } from "./refusal.js";

/** The status of an error for the caller, on every transport. */
export interface ErrorStatus {
  readonly code: Code;
  readonly httpStatus: number;
  readonly message: string;
  /**
   * True if the error is an expected kind: an abort, or a ServingError other than a wrapper around an error that a
   * model threw. Other errors must be logged.
   */
  readonly isForeseen: boolean;
  /** Time in ms after which the client may retry, if the server knows it. */
  readonly retryAfterMs?: number | undefined;
  /** The kind of refusal, if the server refused the request to protect itself. */
  readonly refusal?: Refusal | undefined;
}

/**
 * Returns the status of any thrown value: an abort is CANCELLED, an unexpected error INTERNAL. Never throws, even for a
 * revoked Proxy or an error whose getters throw.
 */
export function statusOf(error: unknown): ErrorStatus {
  if (isServingError(error)) {
    const code = isCode(error) ? error.code : "UNKNOWN";
    // An older copy of core has no status.
    const httpStatus = isHttpStatus(error) ? error.status : HTTP_STATUS[code];
    const isForeseen = error.reason !== "MODEL_THREW";
    return {
      ...{ code, httpStatus, message: cut(error.message), isForeseen },
      retryAfterMs: retryAfterOf(error),
      refusal: refusalOfError(error),
    };
  }
  const { name, message } = asError(error);
  const isAbort = name === "AbortError";
  const code = isAbort ? "CANCELLED" : "INTERNAL";
  return { code, httpStatus: HTTP_STATUS[code], message, isForeseen: isAbort };
}

/**
 * Returns the status of a failed request. An unexpected error is logged with its stack. The caller gets its id
 * (`errorId` in the log) instead of the message, which may have a path or a value; without a logger, the message
 * says to set one.
 */
export function statusOfFailure(error: unknown, logger: Logger, request: string): ErrorStatus {
  const status = statusOf(error);
  if (status.isForeseen) return status;
  if (logger === silentLogger) {
    return { ...status, message: "internal error; give the server a logger to learn more" };
  }
  const errorId = randomUUID();
  logger.error({ err: asError(error), errorId }, `${request} failed unexpectedly`);
  return { ...status, message: `internal error; the log of the server has it as ${errorId}` };
}

/** The error may come from another copy of core, or from plain JavaScript. */
const isCode = ({ code }: ServingError) => Object.hasOwn(CODES, code);

function isHttpStatus(error: ServingError): boolean {
  try {
    return Number.isInteger(error.status) && error.status >= 400 && error.status <= 599;
  } catch {
    return false; // A getter threw.
  }
}

function retryAfterOf({ details }: ServingError): number | undefined {
  try {
    const { retryAfterMs } = details;
    return typeof retryAfterMs === "number" ? retryAfterMs : undefined;
  } catch {
    return undefined; // An older copy of core has no details, or a getter threw.
  }
}

/** Maximum characters of a message to a caller: it may have the caller's own text in it. */
const MAX_MESSAGE = 8_192;

const cut = (message: string) =>
  message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}...TRUNCATED` : message;
