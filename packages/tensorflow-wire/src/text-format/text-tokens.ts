import { TextFormatError } from "./text-format-error.js";
import { unescapeText } from "./unescape-text.js";

/** A token of a text. */
export interface TextToken {
  readonly kind: "word" | "number" | "string" | "mark" | "end";
  /** The characters of the token; only the quote of a string, empty at the end of the text. */
  readonly text: string;
  /** The content of a string. */
  readonly bytes?: Buffer;
  /** The line, from 1. */
  readonly line: number;
}

const MARK = /[{}<>:[\],;-]/;
const WORD = /[^\s#"'{}<>:[\],;-]+/y;
const NUMBER =
  /0[xX][\da-fA-F]+|\d+\.\d*(?:[eE][+-]?\d+)?[fF]?|\.\d+(?:[eE][+-]?\d+)?[fF]?|\d+[eE][+-]?\d+[fF]?|\d+[fF]|0[0-7]+|0|[1-9]\d*/y;
const STRING_RUN: Readonly<Record<string, RegExp>> = { '"': /[^"\\\n]*/y, "'": /[^'\\\n]*/y };

/** The tokens of a text, scanned on demand: an error is reported only when the parser reaches it. */
export class TextTokens {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #next: TextToken | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the next token without consuming it. */
  peek(): TextToken {
    this.#next ??= this.#scan();
    return this.#next;
  }

  /** Consumes the next token. */
  take(): TextToken {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** Consumes the next token if it is this mark, and returns whether it is. */
  skip(mark: string): boolean {
    if (!isMark(this.peek(), mark)) return false;
    this.take();
    return true;
  }

  /** Consumes this mark. Throws if the next token is another. */
  expect(mark: string): void {
    const token = this.take();
    if (!isMark(token, mark)) throw new TextFormatError(`expected '${mark}'`, token.line);
  }

  #scan(): TextToken {
    this.#skipBlank();
    const first = this.#text[this.#at];
    const line = this.#line;
    if (first === undefined) return { kind: "end", text: "", line };
    if (first in STRING_RUN)
      return { kind: "string", text: first, bytes: this.#string(first), line };
    const number = this.#match(NUMBER);
    if (number !== undefined) return { kind: "number", text: this.#whole(number), line };
    const word = this.#match(WORD);
    if (word !== undefined) return { kind: "word", text: word, line };
    if (!MARK.test(first)) throw new TextFormatError(`illegal character '${first}'`, line);
    this.#at++;
    return { kind: "mark", text: first, line };
  }

  #skipBlank(): void {
    for (;;) {
      const first = this.#text[this.#at];
      if (first === "#") {
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end === -1 ? this.#text.length : end;
      } else if (first !== undefined && " \t\v\f\r\n".includes(first)) {
        if (first === "\n") this.#line++;
        this.#at++;
      } else return;
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Returns a number. Throws if a letter or digit follows it. */
  #whole(number: string): string {
    const next = this.#text[this.#at] ?? "";
    if (!/\w/.test(next)) return number;
    throw new TextFormatError(`illegal number '${number}${next}'`, this.#line);
  }

  #string(quote: string): Buffer {
    const start = ++this.#at;
    for (;;) {
      this.#match(STRING_RUN[quote] as RegExp);
      const stop = this.#text[this.#at];
      if (stop === quote) return unescapeText(this.#text.slice(start, this.#at++), this.#line);
      if (stop === "\n") throw new TextFormatError("illegal string", this.#line);
      if (stop === undefined) throw new TextFormatError("unterminated string", this.#line);
      // The character after a backslash never ends the string.
      this.#at = Math.min(this.#at + 2, this.#text.length);
    }
  }
}

/** Returns whether a token is this mark. */
export const isMark = (token: TextToken, mark: string): boolean =>
  token.kind === "mark" && token.text === mark;
