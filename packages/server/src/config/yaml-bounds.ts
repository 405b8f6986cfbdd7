import { Lexer } from "yaml";

/** Maximum nesting. A configuration has few levels, and `yaml` composes recursively, which could overflow the stack. */
export const MAX_DEPTH = 64;
/** The message for a document with deeper nesting. */
export const TOO_DEEP = `expected at most ${MAX_DEPTH} levels; got more`;

/** Maximum length of one key or value. Numbers with many digits take quadratic time to parse. */
const MAX_SCALAR = 65_536;
const MAX_DIGITS = 1_000;

const OPENING = new Set(["[", "{"]);
const CLOSING = new Set(["]", "}"]);

/**
 * Checks a text in linear time before it is parsed, because `yaml` needs quadratic time for deeply nested text.
 *
 * @throws Error with the line, if text within a line or between brackets is nested more than 64 levels deep, if a
 * value has more than 65,536 characters, or if a number has more than 1,000 digits.
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
