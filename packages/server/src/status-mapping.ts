import { randomUUID } from "node:crypto";
import {
  CODES,
  type Code,
  isServingError,
  type Logger,
  messageOf,
  type ServingError,
  silentLogger,
} from "@serving-kit/core";

/** The HTTP status of each canonical code, as in TF Serving. */
export const HTTP_STATUS = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
} satisfies Record<Code, number>;

/** Situations that HTTP has a status of its own for, by reason. */
const HTTP_STATUS_OF_REASON: ReadonlyMap<string, number> = new Map([["BODY_TOO_LARGE", 413]]);

/** What a caller is told of an error, on every transport. */
export interface ErrorStatus {
  readonly code: Code;
  readonly httpStatus: number;
  readonly message: string;
  /** Whether the error was foreseen: a ServingError or an abort. Others belong into the log. */
  readonly isForeseen: boolean;
}

/** What a caller is told of anything that was thrown: an abort is CANCELLED, the unforeseen INTERNAL. */
export function statusOf(error: unknown): ErrorStatus {
  const message = messageOf(error);
  if (isServingError(error)) {
    const { reason } = error;
    const code = isCode(error) ? error.code : "UNKNOWN";
    const httpStatus = HTTP_STATUS_OF_REASON.get(reason) ?? HTTP_STATUS[code];
    return { code, httpStatus, message, isForeseen: true };
  }
  const isAbort = error instanceof Error && error.name === "AbortError";
  const code = isAbort ? "CANCELLED" : "INTERNAL";
  return { code, httpStatus: HTTP_STATUS[code], message, isForeseen: isAbort };
}

/**
 * What a request is answered with that failed. What nobody foresaw is logged with its stack; of it the
 * caller gets an id, which the log has as `errorId`, and not the message, which may tell a path or a
 * value that is nobody's business; where there is no log, that it needs one.
 */
export function statusOfFailure(error: unknown, logger: Logger, request: string): ErrorStatus {
  const status = statusOf(error);
  if (status.isForeseen) return status;
  if (logger === silentLogger) {
    return { ...status, message: "internal error; give the server a logger to learn more" };
  }
  const errorId = randomUUID();
  logger.error({ err: error, errorId }, `${request} failed unexpectedly`);
  return { ...status, message: `internal error; the log of the server has it as ${errorId}` };
}

/** Another copy of core, or plain JavaScript, may have made the error. */
const isCode = ({ code }: ServingError) => Object.hasOwn(CODES, code);
