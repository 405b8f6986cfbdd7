import { type Logger, messageOf, silentLogger } from "@serving-kit/core";
import textformat from "protobufjs/ext/textformat.js";
import protobuf from "protobufjs/light.js";
import { errors } from "../errors.js";
import { readBounded } from "./bounded-file.js";
import { placeOf } from "./field-place.js";

/** The format of a file in protobuf's text format. */
export interface TextFormat {
  /** The message types by package. */
  readonly schema: protobuf.INamespace;
  /** The full name of the message, such as `tensorflow.serving.SSLConfig`. */
  readonly name: string;
  /** Known fields without effect, by the full name of their message. They are skipped. */
  readonly withoutEffect?: Readonly<Record<string, readonly string[]>>;
  /** True if errors must not contain any of the text. Default false. */
  readonly isSecret?: boolean;
}

/** A parsed text. */
export interface ParsedText {
  readonly message: protobuf.Message;
  readonly type: protobuf.Type;
  /** The fields without effect in the text. */
  readonly ignored: readonly string[];
}

/**
 * Parses the text of a file at `path`.
 *
 * Logs an error as TF Serving does (`Error parsing text-format <message>`), with the line and the problem.
 *
 * @throws ServingError CONFIG_FILE_INVALID (INVALID_ARGUMENT) with TF Serving's `Invalid protobuf file: '<path>'`,
 * the line and the problem; for a misplaced field, where it belongs.
 */
export function parseTextFormat(
  text: string,
  path: string,
  format: TextFormat,
  logger: Logger = silentLogger,
): ParsedText {
  const { name, isSecret = false } = format;
  try {
    return parse(text, format);
  } catch (error) {
    const problem = isSecret
      ? `line ${lineOf(error, text, format)} is invalid`
      : problemOf(error, text, format);
    logger.error({ path }, `Error parsing text-format ${name}: ${problem}`);
    throw errors.textFormatInvalid(path, problem, isSecret ? undefined : error);
  }
}

/**
 * Reads a file of at most 1 MiB and parses it.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION), or as `parseTextFormat`.
 */
export async function readTextFormat(
  path: string,
  what: Parameters<typeof errors.configFileUnreadable>[0],
  format: TextFormat,
  logger?: Logger,
): Promise<ParsedText> {
  const text = await readBounded(path).catch((error) => {
    throw errors.configFileUnreadable(what, path, error);
  });
  return parseTextFormat(text, path, format, logger);
}

function parse(text: string, { schema, name, withoutEffect = {} }: TextFormat): ParsedText {
  const root = protobuf.Root.fromJSON(schema);
  const ignored = new Set<string>();
  for (const [message, fields] of Object.entries(withoutEffect)) {
    // Called for each name that is not a field. The value of a reserved name is skipped.
    root.lookupType(message).isReservedName = (field) => {
      if (fields.includes(field)) ignored.add(field);
      return fields.includes(field);
    };
  }
  const type = root.lookupType(name);
  return { message: textformat.fromText(type, text), type, ignored: [...ignored] };
}

function problemOf(error: unknown, text: string, format: TextFormat): string {
  const message = messageOf(error).replace(/^\./, "");
  const line = message.includes("(line ") ? "" : ` (line ${lineOf(error, text, format)})`;
  const unknown = /^([\w.]+): unknown field '(\w+)'/.exec(message);
  if (unknown === null) return `${message}${line}`;
  const [, at = "", field = ""] = unknown;
  const root = protobuf.Root.fromJSON(format.schema);
  const types = [format.name, at].map((one) => root.lookupType(one)) as [
    protobuf.Type,
    protobuf.Type,
  ];
  return `${message}${line}${placeOf(...types, field, asText)}`;
}

/** `a { b { … } }` */
const asText = (way: readonly string[]) =>
  `${way.map((name) => `${name} { `).join("")}…${" }".repeat(way.length)}`;

/** Returns the line of an error. If protobufjs does not report it: the first line after which the error occurs. */
function lineOf(error: unknown, text: string, format: TextFormat): string {
  const message = messageOf(error);
  const named = /\(line (\d+)\)/.exec(message)?.[1];
  if (named !== undefined) return named;
  const lines = text.split("\n");
  const isFound = (count: number) => {
    try {
      parse(lines.slice(0, count).join("\n"), format);
      return false;
    } catch (found) {
      return messageOf(found) === message;
    }
  };
  let [low, high] = [1, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isFound(middle)) high = middle;
    else low = middle + 1;
  }
  return String(low);
}
