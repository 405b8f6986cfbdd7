import {
  DocumentError,
  type DocumentNumbers,
  type DocumentObject,
  type DocumentValue,
  MAX_STRING_BYTES,
} from "./value.js";

/** A feature that this version of the kit does not support. Becomes MODEL_UNSUPPORTED (UNIMPLEMENTED). */
export class UnsupportedError extends Error {}

const MAX_SHOWN = 80;

/** Reads the members of an object of a document, and checks the type of each. */
export class Fields {
  /** The path of the object in the document, such as `learner.objective`. */
  readonly place: string;
  readonly #object: DocumentObject;

  constructor(value: DocumentValue | undefined, place: string) {
    if (typeof value !== "object" || value === null || isList(value)) {
      throw new DocumentError(`${place}: expected an object; got ${kindOf(value)}`);
    }
    this.#object = value as DocumentObject;
    this.place = place;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#object);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  /** @throws UnsupportedError for an unknown member, because its meaning might change the predictions. */
  expectKeys(known: readonly string[]): void {
    const unknown = this.keys.find((key) => !known.includes(key));
    if (unknown === undefined) return;
    throw new UnsupportedError(
      `${this.place} has the key "${unknown.slice(0, MAX_SHOWN)}", which this version does not know`,
    );
  }

  object(key: string): Fields {
    return new Fields(this.#get(key), `${this.place}.${key}`);
  }

  /** Returns an element of an array of objects. */
  element(key: string, index: number): Fields {
    return new Fields(this.list(key)[index], `${this.place}.${key}[${index}]`);
  }

  string(key: string): string {
    const value = this.#get(key);
    if (typeof value !== "string") throw this.#wrong(key, "a string", value);
    if (value.length > MAX_STRING_BYTES) {
      throw this.#wrong(key, `at most ${MAX_STRING_BYTES} characters`, value.length);
    }
    return value;
  }

  strings(key: string): readonly string[] {
    const list = this.list(key);
    for (const value of list) {
      if (typeof value !== "string") throw this.#wrong(key, "strings", value);
    }
    return list as readonly string[];
  }

  list(key: string): readonly DocumentValue[] {
    const value = this.#get(key);
    if (!isList(value)) throw this.#wrong(key, "an array", value);
    return value as readonly DocumentValue[];
  }

  /** Reads an integer from `min` to `max`, written as a number or as a string. */
  integer(key: string, min: number, max: number): number {
    const value = this.#get(key);
    const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isInteger(number) || number < min || number > max) {
      throw this.#wrong(key, `an integer from ${min} to ${max}`, value);
    }
    return number;
  }

  /** Reads numbers, exactly `length` if it is given. A null is NaN, a boolean 0 or 1. */
  numbers(key: string, length?: number): DocumentNumbers {
    const value = this.#get(key);
    if (!isList(value)) throw this.#wrong(key, "numbers", value);
    if (length !== undefined && value.length !== length) {
      throw this.#wrong(key, `${length} elements`, value.length);
    }
    if (ArrayBuffer.isView(value)) return value as DocumentNumbers;
    const data = new Float64Array(value.length);
    for (let i = 0; i < data.length; i++) data[i] = this.#number(key, value[i]);
    return data;
  }

  #number(key: string, element: DocumentValue | undefined): number {
    if (typeof element === "number") return element;
    if (element === null) return Number.NaN;
    if (typeof element === "boolean") return Number(element);
    throw this.#wrong(key, "numbers", element);
  }

  #get(key: string): DocumentValue | undefined {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }

  #wrong(key: string, expected: string, value: DocumentValue | undefined): DocumentError {
    return new DocumentError(`${this.place}.${key}: expected ${expected}; got ${kindOf(value)}`);
  }
}

const isList = (value: unknown): value is ArrayLike<DocumentValue> =>
  Array.isArray(value) || ArrayBuffer.isView(value);

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_SHOWN));
  if (isList(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
