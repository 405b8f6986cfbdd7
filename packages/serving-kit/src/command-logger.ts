import { asError } from "@serving-kit/core";
import type { Logger } from "@serving-kit/server";
import type { TextSink } from "./subcommand.js";

/** The format of the command's log: text for people, or one JSON object per line for programs. */
export type LogFormat = "text" | "json";

/**
 * Makes the logger of the command.
 *
 * - `text`: only the message; `info` goes to stdout, other levels to stderr. Unexpected errors are printed with their
 *   indented stack. Control characters are escaped and long messages truncated, so that text from a client cannot
 *   forge log lines.
 * - `json`: pino writes one object per line to stdout, with `level`, `time`, `msg`, the fields of the event, and for
 *   errors `err` with stack and cause.
 */
export async function commandLogger(
  format: LogFormat,
  { stdout, stderr }: { readonly stdout: TextSink; readonly stderr: TextSink },
): Promise<Logger> {
  if (format === "json") {
    const { pino } = await import("pino"); // imported here because the text format does not need it
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

/** A string as a single safe line: without line breaks, cursor movement or changes of text direction. */
function lineOf(text: string): string {
  const line = text.replace(CONTROLS, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}

/** The lines of a stack, indented so that they cannot be mistaken for log messages. */
const linesOf = (stack: string): string[] =>
  stack === "" ? [] : stack.split("\n").map((line) => `    ${lineOf(line)}`);
