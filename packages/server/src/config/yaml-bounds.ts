import { Lexer } from "yaml";

/** A configuration is a few levels deep; `yaml` composes recursively, and runs out of stack. */
export const MAX_DEPTH = 64;
/** The message of a document that nests deeper. */
export const TOO_DEEP = `expected at most ${MAX_DEPTH} levels; got more`;

/** The most characters of one key or value. A number of many digits takes quadratic time to read. */
const MAX_SCALAR = 65_536;
const MAX_DIGITS = 1_000;

const OPENING = new Set(["[", "{"]);
const CLOSING = new Set(["]", "}"]);

/**
 * Checks a text before it is parsed, in linear time: `yaml` parses text that nests deep in quadratic time.
 *
 * @throws Error with the line, for text that nests more than 64 deep within a line or between brackets, for a value of
 * more than 65,536 characters and for a number of more than 1,000 digits.
 */
export function checkYamlBounds(text: string): void {
  let line = 1;
  let brackets = 0;
  let inLine = 0;
  for (const token of new Lexer().lex(text)) {
    if (OPENING.has(token)) brackets++;
    else if (CLOSING.has(token)) brackets--;
    else if (token === "-" || token === "?") inLine++;
    else if (token.endsWith("\n")) inLine = 0;
    if (brackets > MAX_DEPTH || inLine > MAX_DEPTH) throw new Error(`${TOO_DEEP} (line ${line})`);
    if (token.length > MAX_SCALAR) {
      throw new Error(`expected at most ${MAX_SCALAR} characters in one value (line ${line})`);
    }
    if (token.length > MAX_DIGITS && /^[-+]?[\d_]+$/.test(token)) {
      throw new Error(`expected at most ${MAX_DIGITS} digits (line ${line})`);
    }
    for (let i = token.indexOf("\n"); i >= 0; i = token.indexOf("\n", i + 1)) line++;
  }
}
