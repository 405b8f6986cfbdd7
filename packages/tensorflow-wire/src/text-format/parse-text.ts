import { TextFormatError } from "./text-format-error.js";
import { defaultScalar, readScalar, type ScalarField, type ToLong } from "./text-scalar.js";
import { isMark, type TextToken, TextTokens } from "./text-tokens.js";
import { messageTypeOf, type TextField, type TextType } from "./text-type.js";

/** Options of `parseText`. */
export interface ParseTextOptions {
  /** Converts the decimal digits of a 64-bit integer. Default: the digits stay a string. */
  readonly toLong?: ToLong;
  /** Returns whether an unknown field is skipped. Default: no unknown field is. */
  readonly isSkipped?: (type: TextType, field: string) => boolean;
}

/** Maximum nesting of messages, as in protobuf's own readers. */
const MAX_DEPTH = 100;

type Message = Record<string, unknown>;

/**
 * Reads a message in protobuf's text format, in linear time.
 *
 * @returns The fields by their names in `type`, as own properties: messages and maps as plain objects, bytes as
 * `Buffer`, enums as numbers. A field that the text does not have is absent.
 * @throws TextFormatError for a text that is not such a message.
 */
export function parseText(
  type: TextType,
  text: string,
  options: ParseTextOptions = {},
): Record<string, unknown> {
  return new TextParser(new TextTokens(text), options).message(type, "", 0);
}

class TextParser {
  readonly #tokens: TextTokens;
  readonly #toLong: ToLong;
  readonly #isSkipped: NonNullable<ParseTextOptions["isSkipped"]>;
  readonly #fields = new Map<TextType, ReadonlyMap<string, TextField>>();

  constructor(tokens: TextTokens, { toLong, isSkipped }: ParseTextOptions) {
    this.#tokens = tokens;
    this.#toLong = toLong ?? ((digits) => digits);
    this.#isSkipped = isSkipped ?? (() => false);
  }

  /** Reads the fields of a message until its closing bracket or, without one, the end of the text. */
  message(type: TextType, end: string, depth: number): Message {
    const message: Message = {};
    const seen = new Set<string>();
    this.#entries(end, depth, (token) => this.#field(type, token, message, seen, depth));
    return message;
  }

  /** Calls `read` with the first token of each field. */
  #entries(end: string, depth: number, read: (token: TextToken) => void): void {
    this.#checkDepth(depth);
    for (;;) {
      const token = this.#tokens.take();
      if (token.kind === "end" && end === "") return;
      if (token.kind === "end") throw new TextFormatError(`expected '${end}'`, token.line);
      if (isMark(token, end)) return;
      if (isSeparator(token)) throw new TextFormatError("unexpected separator", token.line);
      read(token);
      if (isSeparator(this.#tokens.peek())) this.#tokens.take();
    }
  }

  #field(type: TextType, token: TextToken, message: Message, seen: Set<string>, depth: number) {
    if (isMark(token, "[")) return this.#any(type, token, message, seen, depth);
    if (token.kind !== "word" || !/^[A-Za-z_]\w*$/.test(token.text)) {
      throw new TextFormatError(`illegal field name '${token.text}'`, token.line);
    }
    const field = this.#fieldsOf(type).get(token.text);
    if (field === undefined) {
      if (this.#isSkipped(type, token.text)) return this.#skipValue(depth);
      throw new TextFormatError(`${type.fullName}: unknown field '${token.text}'`, token.line);
    }
    const isMessage = field.map || messageTypeOf(field) !== undefined;
    // Only messages may follow their name without a colon.
    if (isMessage) this.#tokens.skip(":");
    else this.#tokens.expect(":");
    if (!this.#tokens.skip("[")) return this.#value(field, message, seen, depth, token);
    if (!field.map && !field.repeated) {
      const problem = `${field.fullName}: list value specified for singular field`;
      throw new TextFormatError(problem, token.line);
    }
    if (this.#tokens.skip("]")) return;
    do this.#value(field, message, seen, depth, token);
    while (this.#tokens.skip(","));
    this.#tokens.expect("]");
  }

  #value(field: TextField, message: Message, seen: Set<string>, depth: number, at: TextToken) {
    if (field.map) {
      const map = own(message, field.name, () => ({})) as Message;
      const [key, value] = this.#mapEntry(field, depth + 1);
      return setOwn(map, key, value);
    }
    const type = messageTypeOf(field);
    const value = type ? this.#nested(type, depth) : readScalar(this.#tokens, field, this.#toLong);
    if (field.repeated) (own(message, field.name, () => []) as unknown[]).push(value);
    else setOnce(field, message, seen, value, at);
  }

  #nested(type: TextType, depth: number): Message {
    return this.message(type, this.#open("expected message value"), depth + 1);
  }

  /** Consumes an opening bracket and returns its closing one. */
  #open(problem: string): string {
    if (this.#tokens.skip("{")) return "}";
    if (this.#tokens.skip("<")) return ">";
    throw new TextFormatError(problem, this.#tokens.peek().line);
  }

  #mapEntry(field: TextField, depth: number): [key: string, value: unknown] {
    const keyField: ScalarField = {
      ...{ fullName: `${field.fullName}.key`, resolvedType: null },
      type: field.keyType ?? "string",
    };
    const type = messageTypeOf(field);
    let key = defaultScalar(keyField, this.#toLong);
    let value = type ? {} : defaultScalar(field, this.#toLong);
    this.#entries(this.#open("expected map entry"), depth, (token) => {
      if (token.kind === "word" && token.text === "key") {
        this.#tokens.expect(":");
        key = readScalar(this.#tokens, keyField, this.#toLong);
      } else if (token.kind === "word" && token.text === "value") {
        if (type) this.#tokens.skip(":");
        else this.#tokens.expect(":");
        value = type ? this.#nested(type, depth) : readScalar(this.#tokens, field, this.#toLong);
      } else throw new TextFormatError(`unknown map field '${token.text}'`, token.line);
    });
    return [String(key), value];
  }

  /** `[type.googleapis.com/a.Message] { … }` in a `google.protobuf.Any`. No type has other extensions. */
  #any(type: TextType, at: TextToken, message: Message, seen: Set<string>, depth: number) {
    let url = "";
    for (let token = this.#tokens.take(); !isMark(token, "]"); token = this.#tokens.take()) {
      if (token.kind === "end") {
        throw new TextFormatError("unterminated bracketed field name", token.line);
      }
      url += token.text;
    }
    const fields = this.#fieldsOf(type);
    const [typeUrl, value] = [fields.get("type_url"), fields.get("value")];
    const isAny = type.fullName === ".google.protobuf.Any" && url.includes("/");
    if (!isAny || typeUrl === undefined || value === undefined) {
      throw new TextFormatError(`${type.fullName}: unknown extension '${url}'`, at.line);
    }
    const embedded = lookUp(type, url.slice(url.lastIndexOf("/") + 1), at);
    this.#tokens.skip(":");
    const bytes = embedded.encode(this.#nested(embedded, depth)).finish();
    setOnce(typeUrl, message, seen, url, at);
    setOnce(value, message, seen, bytes, at);
  }

  #skipValue(depth: number): void {
    this.#tokens.skip(":");
    const first = this.#tokens.take();
    const closing = first.kind === "mark" ? CLOSING.get(first.text) : undefined;
    if (closing !== undefined) {
      this.#skipUntil(first.text, closing, depth);
      return;
    }
    if (first.kind === "string") while (this.#tokens.peek().kind === "string") this.#tokens.take();
    const value = isMark(first, "-") ? this.#tokens.take() : first;
    if (value.kind === "mark" || value.kind === "end") {
      throw new TextFormatError("expected value", value.line);
    }
  }

  #skipUntil(opening: string, closing: string, depth: number): void {
    for (let open = 1; open > 0; ) {
      this.#checkDepth(depth + open);
      const token = this.#tokens.take();
      if (token.kind === "end") throw new TextFormatError(`expected '${closing}'`, token.line);
      if (isMark(token, opening)) open++;
      else if (isMark(token, closing)) open--;
    }
  }

  #checkDepth(depth: number): void {
    if (depth <= MAX_DEPTH) return;
    throw new TextFormatError("max depth exceeded", this.#tokens.peek().line);
  }

  /** The fields of a type by their names in it and in snake case. */
  #fieldsOf(type: TextType): ReadonlyMap<string, TextField> {
    const known = this.#fields.get(type);
    if (known !== undefined) return known;
    const fields = new Map<string, TextField>();
    for (const field of type.fieldsArray.map((one) => one.resolve())) {
      fields.set(field.name, field).set(snakeCase(field.name), field);
    }
    this.#fields.set(type, fields);
    return fields;
  }
}

const CLOSING = new Map([
  ["{", "}"],
  ["<", ">"],
  ["[", "]"],
]);

const isSeparator = (token: TextToken) => isMark(token, ",") || isMark(token, ";");

const snakeCase = (name: string) =>
  name.replace(/(?!^)[A-Z](?=[a-z]|$)/g, (upper) => `_${upper.toLowerCase()}`);

function lookUp(type: TextType, name: string, at: TextToken) {
  try {
    return type.root.lookupType(name.startsWith(".") ? name : `.${name}`);
  } catch {
    throw new TextFormatError(`no such type: ${name}`, at.line);
  }
}

/** Sets a singular field. Throws if the message has the field, or another of its oneof. */
function setOnce(
  field: TextField,
  message: Message,
  seen: Set<string>,
  value: unknown,
  { line }: TextToken,
): void {
  const oneof = field.partOf?.name;
  if (seen.has(field.name)) throw new TextFormatError(`${field.fullName}: multiple values`, line);
  if (oneof !== undefined && seen.has(`oneof ${oneof}`)) {
    throw new TextFormatError(`${oneof}: multiple values`, line);
  }
  seen.add(field.name).add(`oneof ${oneof}`);
  setOwn(message, field.name, value);
}

/** Returns an own property, which is created first if it is absent. */
function own(message: Message, name: string, create: () => unknown): unknown {
  if (!Object.hasOwn(message, name)) setOwn(message, name, create());
  return message[name];
}

/** Sets an own property: an assignment to `__proto__` would replace the prototype. */
function setOwn(message: Message, name: string, value: unknown): void {
  if (name !== "__proto__") message[name] = value;
  else
    Object.defineProperty(message, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
}
