/**
 * Receives what an operator should know. A pino logger fits; wrap any other.
 *
 * Each method takes facts for programs first and a sentence for people second. No secret is passed:
 * no bodies, no header values.
 */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = () => {};

/** The logger that is used if none is passed: it writes nothing. */
export const silentLogger: Logger = { info: ignore, warn: ignore, error: ignore };
