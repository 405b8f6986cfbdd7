import type protobuf from "protobufjs/light.js";
import { z } from "zod";

/**
 * One field of a message, described once for all its forms: JSON and YAML, protobuf's text format, and
 * the wire of the gRPC interface.
 */
export interface WireField<S extends z.ZodType = z.ZodType> {
  /** The schema of its value in JSON and YAML, with its documentation. */
  readonly schema: S;
  /** Its number in protobuf. Absent for a field that only JSON and YAML have. */
  readonly id?: number;
  /** Its type in protobuf: a name, or a message described here. */
  readonly type: string | WireMessage;
  /** `"map"`: a map with strings of the user as keys. */
  readonly rule?: "repeated" | "map";
  /** True if it is required in a file. Default false. */
  readonly isRequired?: true;
  /** True if only files have it, so that no client can set it over gRPC. Default false. */
  readonly isFileOnly?: true;
  /** True if it is accepted and ignored, with a warning. Default false. */
  readonly hasNoEffect?: true;
  /** The field of the same message that makes it take effect. */
  readonly hasEffectWith?: string;
}

/** The fields of a message, by their names in its proto file. */
export type WireFields = Readonly<Record<string, WireField>>;

/** A message of the package `tensorflow.serving`. */
export interface WireMessage<F extends WireFields = WireFields> {
  /** The name, including the enclosing messages: `ServableVersionPolicy.Latest`. */
  readonly name: string;
  readonly fields: F;
  /** The name of the oneof that all its fields are in. Default none. */
  readonly oneof?: string | undefined;
  /** Checks the message in JSON and YAML. */
  readonly schema: z.ZodObject<Shape<F>>;
}

type Shape<F extends WireFields> = {
  [K in keyof F]: F[K] extends { readonly isRequired: true }
    ? F[K]["schema"]
    : z.ZodOptional<F[K]["schema"]>;
};

/** The checked values of fields. */
export type WireValues<F extends WireFields> = z.infer<z.ZodObject<Shape<F>, z.core.$strict>>;

/** Describes a message by its fields. */
export function wireMessage<const F extends WireFields>(
  name: string,
  fields: F,
  { oneof }: { readonly oneof?: string } = {},
): WireMessage<F> {
  const shape = Object.entries(fields).map(([field, { schema, isRequired }]) => [
    field,
    isRequired ? schema : schema.optional(),
  ]);
  return { name, fields, oneof, schema: z.strictObject(Object.fromEntries(shape)) as never };
}

/** Describes a field that holds a message. */
export const messageField = <F extends WireFields>(
  message: WireMessage<F>,
  description: string,
) => ({
  type: message,
  schema: message.schema.meta({ description }),
});

/** A form of a message in protobuf: a file in text format, or the wire of the gRPC interface. */
export type ProtoForm = "file" | "wire";

/** Returns the types that protobufjs needs to read a message in a form, including all nested messages. */
export function protoTypes(
  message: WireMessage,
  form: ProtoForm,
): Readonly<Record<string, ProtoType>> {
  const types: Record<string, ProtoType> = {};
  for (const one of messagesIn(message, form)) {
    const names = one.name.split(".");
    const last = names.pop() as string;
    let siblings = types;
    for (const name of names) {
      siblings[name] ??= { fields: {} };
      siblings[name].nested ??= {};
      siblings = siblings[name].nested;
    }
    siblings[last] = { ...siblings[last], ...protoType(one, form) };
  }
  return types;
}

/** A message type as protobufjs reads it from JSON. */
export interface ProtoType extends protobuf.IType {
  nested?: Record<string, ProtoType>;
}

function protoType({ fields, oneof }: WireMessage, form: ProtoForm): ProtoType {
  const known = Object.entries(fields).filter(([, field]) => isIn(form, field));
  return {
    ...(oneof && { oneofs: { [oneof]: { oneof: known.map(([name]) => name) } } }),
    fields: Object.fromEntries(
      known.map(([name, { id = 0, type, rule }]) => {
        const typeName = typeof type === "string" ? type : type.name;
        if (rule === "map") return [name, { keyType: "string", type: typeName, id }];
        return [name, { ...(rule && { rule }), type: typeName, id }];
      }),
    ),
  };
}

/** The types that a client may send for a message, as text of a `.proto` file (proto3). */
export function protoText(message: WireMessage): string {
  const textOf = (types: Readonly<Record<string, ProtoType>>): string =>
    Object.entries(types).map(declaration).join("\n");
  const declaration = ([name, { fields, oneofs = {}, nested = {} }]: [
    string,
    ProtoType,
  ]): string => {
    const [oneof] = Object.keys(oneofs);
    const lines = Object.entries(fields).map(([field, { type, id, ...more }]) => {
      const { rule, keyType } = more as { readonly rule?: string; readonly keyType?: string };
      const declared = keyType ? `map<${keyType}, ${type}>` : `${rule ? `${rule} ` : ""}${type}`;
      return `${declared} ${field} = ${id};`;
    });
    const body = oneof ? `oneof ${oneof} { ${lines.join(" ")} }` : lines.join("\n");
    return `message ${name} {\n${textOf(nested)}\n${body}\n}`;
  };
  return textOf(protoTypes(message, "wire"));
}

/** The fields without effect, by the full name of their message. */
export function ignoredFields(message: WireMessage): Readonly<Record<string, readonly string[]>> {
  const named = messagesIn(message, "file").map(({ name, fields }) => [
    `tensorflow.serving.${name}`,
    Object.keys(fields).filter((field) => fields[field]?.hasNoEffect),
  ]);
  return Object.fromEntries(named.filter(([, ignored]) => ignored?.length));
}

const isIn = (form: ProtoForm, { id, hasNoEffect, isFileOnly }: WireField) =>
  id !== undefined && !(form === "file" ? hasNoEffect : isFileOnly);

function messagesIn(message: WireMessage, form: ProtoForm): readonly WireMessage[] {
  const below = Object.values(message.fields).flatMap((field) =>
    typeof field.type === "object" && isIn(form, field) ? messagesIn(field.type, form) : [],
  );
  return [message, ...below];
}
