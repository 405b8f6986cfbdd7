import { UnsupportedError } from "../document/fields.js";
import { DocumentError } from "../document/value.js";

const MAX_SHOWN = 80;

/** The lines `key=value` of a part of a LightGBM file; a line without `=` is a key without a value. */
export class KeyValues {
  readonly #values = new Map<string, string>();
  readonly #place: string;

  constructor(text: string, place: string) {
    this.#place = place;
    for (const line of text.split("\n")) {
      const trimmed = line.endsWith("\r") ? line.slice(0, -1) : line;
      if (trimmed === "") continue;
      const at = trimmed.indexOf("=");
      const key = at === -1 ? trimmed : trimmed.slice(0, at);
      if (this.#values.has(key)) throw this.#error(`key "${key.slice(0, MAX_SHOWN)}" is repeated`);
      this.#values.set(key, at === -1 ? "" : trimmed.slice(at + 1));
    }
  }

  /** @throws UnsupportedError for an unknown key, because its meaning might change the predictions. */
  expectKeys(known: readonly string[]): void {
    for (const key of this.#values.keys()) {
      if (known.includes(key)) continue;
      throw new UnsupportedError(
        `${this.#place} has the key "${key.slice(0, MAX_SHOWN)}", which this version does not know`,
      );
    }
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  string(key: string): string {
    const value = this.#values.get(key);
    if (value === undefined) throw this.#error(`key "${key}" is missing`);
    return value;
  }

  words(key: string): readonly string[] {
    return this.string(key)
      .split(" ")
      .filter((word) => word !== "");
  }

  integer(key: string, min: number, max: number): number {
    const text = this.string(key);
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw this.#error(
      `${key}: expected an integer from ${min} to ${max}; got ${text.slice(0, MAX_SHOWN)}`,
    );
  }

  /** Reads numbers, exactly `length` if it is given; `inf` and `nan` as C writes them. */
  numbers(key: string, length?: number): Float64Array {
    const words = this.words(key);
    if (length !== undefined && words.length !== length) {
      throw this.#error(`${key}: expected ${length} numbers; got ${words.length}`);
    }
    const numbers = new Float64Array(words.length);
    for (let i = 0; i < numbers.length; i++) numbers[i] = this.#number(key, words[i] as string);
    return numbers;
  }

  #number(key: string, word: string): number {
    const number = Number(word);
    if (!Number.isNaN(number)) return number;
    const known = WORDS.get(word);
    if (known !== undefined) return known;
    throw this.#error(`${key}: expected numbers; got ${word.slice(0, MAX_SHOWN)}`);
  }

  #error(problem: string): DocumentError {
    return new DocumentError(`${this.#place}: ${problem}`);
  }
}

const WORDS: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["nan", Number.NaN],
  ["-nan", Number.NaN],
]);
