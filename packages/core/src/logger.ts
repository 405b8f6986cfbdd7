/**
 * Logger for messages to the operator. A pino logger fits; wrap other loggers.
 *
 * Each method takes structured fields first and a message second. Neither contains secrets, bodies or header values.
 */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = () => {};

/** The default logger. Writes nothing. */
export const silentLogger: Logger = { info: ignore, warn: ignore, error: ignore };
