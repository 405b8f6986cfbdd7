import { messageOf } from "@serving-kit/core";
import { DocumentError, type DocumentValue } from "./value.js";

/** Matches strings, which are not changed, and the numbers that XGBoost writes but JSON does not allow. */
const STRINGS_AND_WORDS = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\b-?NaN\b/g;

/** Values too large for a double, which JSON.parse reads as an infinity. */
const WORDS: Readonly<Record<string, string>> = {
  Infinity: "1e999",
  "-Infinity": "-1e999",
  NaN: "null",
  "-NaN": "null",
};

/** Reads a JSON document, as `parseJson` does. */
export function readJson({ buffer, byteOffset, length }: Uint8Array): DocumentValue {
  return parseJson(Buffer.from(buffer, byteOffset, length).toString("utf8"));
}

/**
 * Parses JSON with the `Infinity` and `NaN` that XGBoost and Python write. NaN is null here.
 *
 * @throws DocumentError for text that is not JSON.
 */
export function parseJson(text: string): DocumentValue {
  try {
    return JSON.parse(text) as DocumentValue;
  } catch (problem) {
    if (!/\b(?:NaN|Infinity)\b/.test(text)) throw new DocumentError(messageOf(problem));
  }
  try {
    return JSON.parse(text.replace(STRINGS_AND_WORDS, (word) => WORDS[word] ?? word)) as never;
  } catch (problem) {
    throw new DocumentError(messageOf(problem));
  }
}

const CHAR = { space: 0x20, quote: 0x22, backslash: 0x5c, open: [0x5b, 0x7b], close: [0x5d, 0x7d] };

/** Scans JSON text, chunk by chunk, for the bracket that closes the document. */
export class JsonEnd {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #hasEnded = false;

  /** True if the document is closed and only white space follows. */
  get isComplete(): boolean {
    return this.#hasEnded;
  }

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#depth === 0 && this.#hasEnded && byte > CHAR.space) this.#hasEnded = false;
      if (this.#isInString) this.#inString(byte);
      else if (byte === CHAR.quote) this.#isInString = true;
      else if (CHAR.open.includes(byte)) this.#depth++;
      else if (CHAR.close.includes(byte) && --this.#depth === 0) this.#hasEnded = true;
    }
  }

  #inString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === CHAR.backslash) this.#isEscaped = true;
    else if (byte === CHAR.quote) this.#isInString = false;
  }
}
