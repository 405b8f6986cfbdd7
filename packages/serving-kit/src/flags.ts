import { errors } from "./errors.js";
import { nearest } from "./nearest.js";

/** One flag of a command: a row of its table. */
export interface Flag<T> {
  /** What stands for the value in `--help`, such as `port`; absent for a switch. */
  readonly placeholder?: string;
  /** One or two sentences for `--help`, without the default. */
  readonly help: string;
  /** What holds when the flag is not given. */
  readonly fallback: T;
  /** What is expected, for the error message. */
  readonly expected: string;
  /** Reads the text of a value; undefined when it is none. */
  readonly parse: (text: string) => T | undefined;
}

/** A table of flags by name, in the order of `--help`. */
export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** The values that a table of flags gives. */
export type FlagValues<F extends FlagTable> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

/** A flag that is any text but the empty one. */
export function text<const T extends string | undefined>(
  placeholder: string,
  fallback: T,
  help: string,
): Flag<string | T> {
  const expected = "a text that is not empty";
  return { placeholder, fallback, help, expected, parse: (value) => value || undefined };
}

/** A flag that is a decimal integer from `min` to `max`. */
export function integer<const T extends number | undefined>(
  placeholder: string,
  fallback: T,
  [min, max]: readonly [min: number, max: number],
  help: string,
): Flag<number | T> {
  const parse = (value: string) => {
    const number = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  };
  return { placeholder, fallback, help, expected: `an integer from ${min} to ${max}`, parse };
}

const SWITCH = new Map([
  ...["true", "t", "1", "yes"].map((word) => [word, true] as const),
  ...["false", "f", "0", "no"].map((word) => [word, false] as const),
]);

/** A flag that is on or off: `--flag`, `--flag=true`, `--flag=false`. */
export function toggle(fallback: boolean, help: string): Flag<boolean> {
  const parse = (value: string) => SWITCH.get(value.toLowerCase());
  return { fallback, help, expected: "true or false", parse };
}

/** A flag that is a list of different numbers of at least `min`, parted by commas. */
export function numbers(
  placeholder: string,
  fallback: readonly number[],
  { min, isInteger }: { readonly min: number; readonly isInteger: boolean },
  help: string,
): Flag<readonly number[]> {
  const kind = isInteger ? "integers" : "numbers";
  const form = isInteger ? /^\d{1,9}$/ : /^\d{1,9}(\.\d{1,9})?$/;
  const parse = (value: string) => {
    const parts = value.split(",");
    const list = [...new Set(parts.map(Number))];
    return parts.every((part) => form.test(part)) && list.every((number) => number >= min)
      ? list
      : undefined;
  };
  const expected = `${kind} of at least ${min}, parted by commas`;
  return { placeholder, fallback, help, expected, parse };
}

/**
 * Reads a command line of flags alone: see `parseArguments`.
 *
 * @throws ServingError FLAG_UNKNOWN, FLAG_INVALID or ARGUMENT_UNEXPECTED (INVALID_ARGUMENT).
 */
export function parseFlags<F extends FlagTable>(table: F, args: readonly string[]): FlagValues<F> {
  return parseArguments(table, args, []).flags;
}

/**
 * Reads a command line in TF Serving's style: `--flag=value` or `--flag value`, a switch alone or
 * with `=value`. A flag given twice takes its last value, so that what is appended to a command
 * line overrides it. What is no flag is an operand; `operandNames` says how many there must be.
 *
 * @throws ServingError FLAG_UNKNOWN, FLAG_INVALID, ARGUMENT_UNEXPECTED or ARGUMENT_MISSING
 * (INVALID_ARGUMENT).
 */
export function parseArguments<F extends FlagTable>(
  table: F,
  args: readonly string[],
  operandNames: readonly string[],
): { readonly flags: FlagValues<F>; readonly operands: readonly string[] } {
  const values = new Map(Object.entries(table).map(([name, { fallback }]) => [name, fallback]));
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] as string;
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument);
    if (!match) {
      const isOperand = operands.length < operandNames.length && !argument.startsWith("-");
      if (!isOperand) throw errors.argumentUnexpected(argument);
      operands.push(argument);
      continue;
    }
    const name = match[1] as string;
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!flag) throw errors.flagUnknown(name, nearest(name, Object.keys(table)));
    const isSwitch = flag.placeholder === undefined;
    const value = match[2] ?? (isSwitch ? "true" : args[++i]);
    if (value === undefined) throw errors.flagInvalid(name, flag.expected, "nothing");
    const parsed = flag.parse(value);
    if (parsed === undefined) throw errors.flagInvalid(name, flag.expected, JSON.stringify(value));
    values.set(name, parsed);
  }
  const missing = operandNames[operands.length];
  if (missing !== undefined) throw errors.argumentMissing(missing);
  return { flags: Object.fromEntries(values) as FlagValues<F>, operands };
}

/** The text that `--help` prints of a table: one flag a paragraph, with its default. */
export function describeFlags(table: FlagTable): string {
  return Object.entries(table)
    .map(([name, { placeholder, help, fallback }]) => {
      const head = placeholder === undefined ? `--${name}` : `--${name}=<${placeholder}>`;
      const isShown = fallback !== undefined && fallback !== false;
      return `  ${head}\n      ${help}${isShown ? ` Default: ${fallback}.` : ""}\n`;
    })
    .join("");
}
