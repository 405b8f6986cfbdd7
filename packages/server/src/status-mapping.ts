import { randomUUID } from "node:crypto";
import {
  CODES,
  type Code,
  HTTP_STATUS,
  isServingError,
  type Logger,
  messageOf,
  type ServingError,
  silentLogger,
} from "@serving-kit/core";

/** What a caller is told of an error, on every transport. */
export interface ErrorStatus {
  readonly code: Code;
  readonly httpStatus: number;
  readonly message: string;
  /**
   * Whether the error was foreseen: an abort, or a ServingError other than one around what a model threw. Others
   * belong into the log.
   */
  readonly isForeseen: boolean;
}

/** What a caller is told of anything that was thrown: an abort is CANCELLED, the unforeseen INTERNAL. */
export function statusOf(error: unknown): ErrorStatus {
  const message = messageOf(error);
  if (isServingError(error)) {
    const code = isCode(error) ? error.code : "UNKNOWN";
    // An older copy of core has no status.
    const isForeseen = error.reason !== "MODEL_THREW";
    return { code, httpStatus: error.status ?? HTTP_STATUS[code], message, isForeseen };
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
