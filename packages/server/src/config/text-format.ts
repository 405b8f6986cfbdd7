import { type Logger, messageOf, silentLogger } from "@serving-kit/core";
import { parseText, TextFormatError } from "@serving-kit/tensorflow-wire";
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
      ? `line ${error instanceof TextFormatError ? error.line : 1} is invalid`
      : problemOf(error, format);
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
  const type = protobuf.Root.fromJSON(schema).resolveAll().lookupType(name);
  const ignored = new Set<string>();
  const fields = parseText(type, text, {
    toLong: (digits, isUnsigned) => protobuf.util.LongBits.from(digits).toLong(isUnsigned),
    isSkipped({ fullName }, field) {
      const isIgnored = withoutEffect[fullName.slice(1)]?.includes(field) === true;
      if (isIgnored) ignored.add(field);
      return isIgnored;
    },
  });
  return { message: type.create(fields), type, ignored: [...ignored] };
}

function problemOf(error: unknown, format: TextFormat): string {
  const message = messageOf(error).replace(/^\./, "");
  const unknown = /^([\w.]+): unknown field '(\w+)'/.exec(message);
  if (unknown === null) return message;
  const [, at = "", field = ""] = unknown;
  const root = protobuf.Root.fromJSON(format.schema);
  const types = [format.name, at].map((one) => root.lookupType(one)) as [
    protobuf.Type,
    protobuf.Type,
  ];
  return `${message}${placeOf(...types, field, asText)}`;
}

/** `a { b { … } }` */
const asText = (way: readonly string[]) =>
  `${way.map((name) => `${name} { `).join("")}…${" }".repeat(way.length)}`;
