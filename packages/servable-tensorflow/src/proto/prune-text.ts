import { DATA_TYPE_TEXTS } from "@serving-kit/tensorflow-wire";
import protobuf from "protobufjs/light.js";

/** Maximum nesting of messages; only malicious text nests deeper. */
const MAX_DEPTH = 100;

/**
 * Keeps only the fields of a text-format protobuf message that a type has, so that a partial schema can read it: a
 * parser of that format rejects unknown fields. Names of data types (`DT_FLOAT`) become their numbers.
 *
 * @throws Error if brackets in the text are not balanced.
 */
export function pruneText(text: string, type: protobuf.Type): string {
  const pruner = new TextPruner(text);
  pruner.message(type, undefined, 0);
  return pruner.kept.join(" ");
}

/** The type of a nested message; null if the message is not kept. */
type MessageType = protobuf.Type | MapEntry | null;

class MapEntry {
  readonly value: protobuf.Type | null;

  constructor(value: protobuf.Type | null) {
    this.value = value;
  }
}

const camelCase = (name: string) =>
  name.replace(/_([a-z0-9])/g, (_, character: string) => character.toUpperCase());

/** Returns whether a field is kept, and the type of its value if it is a message. */
function lookUp(type: MessageType, name: string): { isKept: boolean; type: MessageType } {
  if (type instanceof MapEntry) {
    return { isKept: name === "key" || name === "value", type: type.value };
  }
  const key = camelCase(name);
  const field = type && Object.hasOwn(type.fields, key) ? type.fields[key]?.resolve() : undefined;
  if (field === undefined) return { isKept: false, type: null };
  const resolved = field.resolvedType instanceof protobuf.Type ? field.resolvedType : null;
  return { isKept: true, type: field.map ? new MapEntry(resolved) : resolved };
}

class TextPruner {
  readonly kept: string[] = [];
  readonly #text: string;
  #position = 0;
  #token: string | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#scan();
  }

  /** Reads fields until a closing bracket or the end of the text. */
  message(type: MessageType, end: string | undefined, depth: number): void {
    while (this.#token !== end) {
      const name = this.#take();
      const field = lookUp(type, name === "[" ? "" : name);
      if (name === "[") while (this.#take() !== "]");
      else if (!/^[A-Za-z_]/.test(name)) throw new Error(`expected a field's name; got ${name}`);
      if (field.isKept) this.kept.push(name);
      if (this.#token === ":") this.#keepIf(field.isKept, this.#take());
      this.#value(field.type, field.isKept, depth);
      if (this.#token === "," || this.#token === ";") this.#take();
    }
  }

  #value(type: MessageType, isKept: boolean, depth: number): void {
    if (depth > MAX_DEPTH) throw new Error(`messages nest deeper than ${MAX_DEPTH}`);
    const first = this.#take();
    if (first === "{" || first === "<") {
      const end = first === "{" ? "}" : ">";
      this.#keepIf(isKept, first);
      this.message(isKept ? type : null, end, depth + 1);
      this.#keepIf(isKept, this.#take());
    } else if (first === "[") {
      this.#keepIf(isKept, first);
      while (this.#token !== "]") {
        this.#value(type, isKept, depth + 1);
        if (this.#token === ",") this.#keepIf(isKept, this.#take());
      }
      this.#keepIf(isKept, this.#take());
    } else {
      this.#keepIf(isKept, DATA_TYPE_TEXTS.get(first)?.toString() ?? first);
      if (first === "-") this.#keepIf(isKept, this.#take());
      // Adjacent strings form one string.
      const isString = (token: string | undefined) => token?.[0] === '"' || token?.[0] === "'";
      while (isString(first) && isString(this.#token)) this.#keepIf(isKept, this.#take());
    }
  }

  #keepIf(isKept: boolean, token: string): void {
    if (isKept) this.kept.push(token);
  }

  #take(): string {
    const token = this.#token;
    if (token === undefined) throw new Error("the text ends in the middle of a message");
    this.#token = this.#scan();
    return token;
  }

  #scan(): string | undefined {
    const blank = /(?:\s|#[^\n]*)*/y;
    blank.lastIndex = this.#position;
    blank.test(this.#text);
    const start = blank.lastIndex;
    const first = this.#text[start];
    if (first === undefined) return undefined;
    if (first === '"' || first === "'") this.#position = this.#endOfString(start, first);
    else {
      const word = /[A-Za-z0-9_.+][\w.+-]*/y;
      word.lastIndex = start;
      this.#position = word.test(this.#text) ? word.lastIndex : start + 1;
    }
    return this.#text.slice(start, this.#position);
  }

  #endOfString(start: number, quote: string): number {
    for (let i = start + 1; i < this.#text.length; i++) {
      if (this.#text[i] === "\\") i++;
      else if (this.#text[i] === quote) return i + 1;
    }
    throw new Error("a string has no end");
  }
}
