import { asError } from "@serving-kit/core";
import type { Logger } from "@serving-kit/server";
import type { TextSink } from "./subcommand.js";

/** How the command writes its log: sentences for people, or an object a line for programs. */
export type LogFormat = "text" | "json";

/**
 * Makes the logger of the command.
 *
 * - `text`: the sentence alone, information to stdout and the rest to stderr. An unexpected error comes
 *   with its stack, indented. Control characters are escaped and long sentences cut, so that no text of a client
 *   makes a line of its own.
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
    const stack = err === undefined ? [] : linesOf(asError(err).stack ?? "");
    stderr.write([lineOf(message), ...stack, ""].join("\n"));
  };
  return {
    info: (_fields, message) => void stdout.write(`${lineOf(message)}\n`),
    warn: complain,
    error: complain,
  };
}

/** The longest line of the log, in characters. */
const MAX_LINE = 16_384;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

/** A text as one line: no character ends it, moves the cursor, or turns the direction of writing. */
function lineOf(text: string): string {
  const line = text.replace(CONTROLS, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}

/** The lines of a stack, indented: none can be taken for a sentence of the log. */
const linesOf = (stack: string): string[] =>
  stack === "" ? [] : stack.split("\n").map((line) => `    ${lineOf(line)}`);
