import type protobuf from "protobufjs/light.js";

/** A field of a message. */
export type Field = readonly [type: string, id: number, rule?: "repeated"];

/** The fields of a message, its maps with string keys, and its nested types. */
export const message = (
  fields: Readonly<Record<string, Field>>,
  maps: Readonly<Record<string, Field>> = {},
  nested: Readonly<Record<string, protobuf.AnyNestedObject>> = {},
): protobuf.IType => ({
  fields: {
    ...Object.fromEntries(
      Object.entries(fields).map(([name, [type, id, rule]]) => [
        name,
        { type, id, ...(rule && { rule }) },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(maps).map(([name, [type, id]]) => [name, { keyType: "string", type, id }]),
    ),
  },
  nested,
});

/** Fields of the same type, by field number. */
export const all = (type: string, numbers: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, id]): [string, Field] => [name, [type, id]]),
  );
