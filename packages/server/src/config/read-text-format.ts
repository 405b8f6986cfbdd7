import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";
import { readBounded } from "./bounded-file.js";

/** How a file is read. */
export interface TextFormatOptions<T> {
  /** What the file is, for the error message. */
  readonly what: Parameters<typeof errors.configFileUnreadable>[0];
  /** Reads its text, which is in protobuf's text format, by protobufjs. */
  readonly parse: (text: string) => T;
  /** Whether no error may have any of its text. Default false. */
  readonly isSecret?: boolean;
}

/**
 * Reads a configuration file in protobuf's text format, of at most 1 MiB.
 *
 * @throws ServingError CONFIG_FILE_UNREADABLE (FAILED_PRECONDITION); CONFIG_FILE_INVALID
 * (INVALID_ARGUMENT) with the line and what is wrong there.
 */
export async function readTextFormat<T>(
  path: string,
  { what, parse, isSecret = false }: TextFormatOptions<T>,
): Promise<T> {
  const text = await readBounded(path).catch((error) => {
    throw errors.configFileUnreadable(what, path, error);
  });
  try {
    return parse(text);
  } catch (error) {
    const message = messageOf(error);
    const line = /\(line (\d+)\)/.exec(message)?.[1] ?? lineOf(message, text, parse);
    if (isSecret) throw errors.configFileInvalid(path, `line ${line} is not as it should be`);
    const problem = message.includes("(line ") ? message : `${message} (line ${line})`;
    throw errors.configFileInvalid(path, problem, error);
  }
}

/** The line of an error that protobufjs does not say it of: the first after which it is found. */
function lineOf(message: string, text: string, parse: (text: string) => unknown): number {
  const lines = text.split("\n");
  const isFound = (count: number) => {
    try {
      parse(lines.slice(0, count).join("\n"));
      return false;
    } catch (error) {
      return messageOf(error) === message;
    }
  };
  let [low, high] = [1, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isFound(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
