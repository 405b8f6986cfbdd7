import { asError } from "@serving-kit/core";
import type { Logger } from "@serving-kit/server";
import type { TextSink } from "./subcommand.js";

/** How the command writes its log: sentences for people, or an object a line for programs. */
export type LogFormat = "text" | "json";

/**
 * Makes the logger of the command.
 *
 * - `text`: the sentence alone, information to stdout and the rest to stderr. What nobody foresaw comes
 *   with its stack.
 * - `json`: all to stdout by pino, an object a line with `level`, `time`, `msg`, the facts that belong to
 *   it, and for errors `err` with stack and cause.
 */
export async function commandLogger(
  format: LogFormat,
  { stdout, stderr }: { readonly stdout: TextSink; readonly stderr: TextSink },
): Promise<Logger> {
  if (format === "json") {
    const { pino } = await import("pino"); // late: sentences need no library
    const options = { base: null, formatters: { level: (level: string) => ({ level }) } };
    const logger: Logger = pino(options, { write: (line) => void stdout.write(line) });
    return logger;
  }
  const complain = (fields: object, message: string) => {
    const { err } = fields as { readonly err?: unknown };
    const stack = err === undefined ? undefined : asError(err).stack;
    stderr.write(`${message}${stack ? `\n${stack}` : ""}\n`);
  };
  return {
    info: (_fields, message) => void stdout.write(`${message}\n`),
    warn: complain,
    error: complain,
  };
}
