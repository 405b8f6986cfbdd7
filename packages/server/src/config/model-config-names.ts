import type { WireField, WireMessage } from "./wire-message.js";

/**
 * Renames the fields of a message from protobuf's JSON form (`basePath`) to the names of its proto file
 * (`base_path`). Keys of the user (labels, signatures, options) are not renamed.
 *
 * @throws Error for a field that is set under both names.
 */
export function withProtoNames(value: unknown, message: WireMessage): unknown {
  if (Array.isArray(value)) return value.map((one) => withProtoNames(one, message));
  if (!isRecord(value)) return value;
  const fields = new Map<string, unknown>();
  for (const [key, given] of Object.entries(value)) {
    const name = protoName(key);
    if (fields.has(name)) throw new Error(`expected ${name} once; it is also set as ${key}`);
    fields.set(name, fieldValue(fieldOf(message, name), given));
  }
  return Object.fromEntries(fields);
}

/** Returns the names of the fields without effect in a checked value. */
export function ignoredIn(value: unknown, message: WireMessage): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => ignoredIn(one, message));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, given]) => {
    const field = fieldOf(message, name);
    if (field?.hasNoEffect) {
      const { hasEffectWith } = field;
      return hasEffectWith !== undefined && Object.hasOwn(value, hasEffectWith) ? [] : [name];
    }
    return typeof field?.type === "object" && field.rule !== "map"
      ? ignoredIn(given, field.type)
      : [];
  });
}

const fieldOf = ({ fields }: WireMessage, name: string): WireField | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

function protoName(key: string): string {
  if (!/^[a-z]+([A-Z][a-z]*)+$/.test(key)) return key;
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function fieldValue(field: WireField | undefined, value: unknown): unknown {
  if (typeof field?.type !== "object") return value;
  const { type, rule } = field;
  if (rule !== "map" || !isRecord(value)) return withProtoNames(value, type);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withProtoNames(inner, type)]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
