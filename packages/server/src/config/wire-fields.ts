import { isVersion, parseVersion } from "@serving-kit/core";
import { z } from "zod";
import type { WireField } from "./wire-message.js";

/** A 64-bit integer as message readers return it: decimal digits if a number cannot represent it. */
export type Int64Field = bigint | number | string;

/** A whole number as a reader returns it: a number, a bigint, or its decimal digits. */
const isWhole = (value: unknown): boolean =>
  typeof value === "string" ? parseVersion(value) !== undefined : isNumber(value);

const isNumber = (value: unknown): boolean =>
  isVersion(typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value);

const int64 = () => z.custom<Int64Field>(isWhole, "an integer from 0 to 2^63 - 1");

/** The schema of an integer of at least 0. */
export const whole = (description: string) =>
  int64().meta({ type: "integer", minimum: 0, description });

/** The schema of a version number. */
export const versionNumber = int64().meta({
  anyOf: [
    { type: "integer", minimum: 0 },
    { type: "string", pattern: "^[0-9]{1,19}$" },
  ],
  description: "The number of a version. Above 2^53 - 1, write it as a string.",
});

/** A field that is accepted and ignored. `type` and `id` are TF Serving's; if absent, the field is not on the wire. */
export function withoutEffect(type = "", id?: number, description = "Has no effect.") {
  const schema = z.unknown().meta({ deprecated: true, description });
  return { type, schema, hasNoEffect: true, ...(id !== undefined && { id }) } as const;
}

/** A field whose value in a file is also the value of an option under another name. */
export interface OptionField<S extends z.ZodType = z.ZodType> extends WireField<S> {
  /** Checks the option. */
  readonly option: z.ZodType;
}

/** An option with a few values. */
export function choice<const V extends readonly string[]>(
  id: number,
  values: V,
  description: string,
) {
  const schema = z.enum(values);
  return { id, type: "string", schema: schema.meta({ description }), option: schema } as const;
}

/** An option that is true or false. */
export function flag(id: number, description: string) {
  const schema = z.boolean();
  return { id, type: "bool", schema: schema.meta({ description }), option: schema } as const;
}

/** An option that is an integer from 1 to `max`. */
export function positive(id: number, max: number, description: string) {
  return {
    id,
    type: "int64",
    schema: whole(description),
    option: z.int().min(1).max(max),
  } as const;
}

/** Checks options that come from fields. */
export const optionsSchemaOf = (fields: Readonly<Record<string, OptionField>>): z.ZodType =>
  z.strictObject(
    Object.fromEntries(
      Object.entries(fields).map(([name, { option }]) => [camelCase(name), option.optional()]),
    ),
  );

/** Returns the fields for options, one per option. */
export type OptionFields<Options> = {
  readonly [K in keyof Options & string as SnakeCase<K>]-?: OptionField;
};

/** Returns the options from the values of their fields; integers become numbers. */
export function optionsOf<Options extends object>(
  fields: Readonly<Record<string, OptionField>>,
  values: Readonly<Record<string, unknown>>,
): Options {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const options = given.map(([name, value]) => [
    camelCase(name),
    fields[name]?.type === "int64" ? Number(value) : value,
  ]);
  return Object.fromEntries(options);
}

type SnakeCase<S extends string> = S extends `${infer First}${infer Rest}`
  ? Rest extends Uncapitalize<Rest>
    ? `${Lowercase<First>}${SnakeCase<Rest>}`
    : `${Lowercase<First>}_${SnakeCase<Uncapitalize<Rest>>}`
  : S;

const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
