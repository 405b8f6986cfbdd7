import type { Flag } from "./flags.js";

/** A flag that takes a non-empty string. */
export function text<const T extends string | undefined>(
  placeholder: string,
  fallback: T,
  help: string,
): Flag<string | T> {
  const expected = "a non-empty string";
  return { placeholder, fallback, help, expected, parse: (value) => value || undefined };
}

/** A flag that takes any string. The default is the empty string, which means not set, as in TF Serving. */
export function textOrNone(placeholder: string, help: string): Flag<string> {
  return { placeholder, fallback: "", help, expected: "a string", parse: (value) => value };
}

/** A flag that takes a decimal integer from `min` to `max`. */
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

/** A flag that takes any int64, rounded to the nearest number. */
export function integer64(placeholder: string, fallback: number, help: string): Flag<number> {
  const [min, max] = [-(2n ** 63n), 2n ** 63n - 1n];
  const parse = (value: string) => {
    if (!/^[+-]?\d{1,19}$/.test(value)) return undefined;
    const number = BigInt(value.replace(/^\+/, ""));
    return number >= min && number <= max ? Number(number) : undefined;
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

/** A flag that takes distinct numbers >= `min`, separated by commas. */
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
  const expected = `comma-separated ${kind} >= ${min}`;
  return { placeholder, fallback, help, expected, parse };
}

/** A flag that takes a number from `min` to `max`. */
export function decimal(
  placeholder: string,
  fallback: number,
  [min, max]: readonly [min: number, max: number],
  help: string,
): Flag<number> {
  const parse = (value: string) => {
    const number = /^(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  };
  return { placeholder, fallback, help, expected: `a number from ${min} to ${max}`, parse };
}

/** A flag that takes a path. The default is the empty string, which means not set, as in TF Serving. */
export function path(placeholder: string, help: string): Flag<string> {
  const parse = (value: string) => (value.includes("\0") ? undefined : value);
  return { ...textOrNone(placeholder, help), expected: "a path", parse };
}

/** A flag that takes paths, separated by commas. The empty string means none. */
export function paths(placeholder: string, help: string): Flag<readonly string[]> {
  const parse = (value: string) =>
    value.includes("\0") ? undefined : value.split(",").filter((path) => path !== "");
  return { placeholder, fallback: [], help, expected: "comma-separated paths", parse };
}

/** A flag that takes words, separated by commas. The empty string means none. */
export function words(placeholder: string, help: string): Flag<readonly string[]> {
  const parse = (value: string) =>
    value
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
  return { placeholder, fallback: [], help, expected: "comma-separated words", parse };
}

/** A flag that takes one of several words. */
export function word<const T extends string>(
  words: readonly T[],
  fallback: T,
  help: string,
): Flag<T> {
  const parse = (value: string) => words.find((known) => known === value);
  return { placeholder: words.join("|"), fallback, help, expected: words.join(" or "), parse };
}

/** A port; 0 means disabled, `any` means any free port. */
export type Port = number | "any";

/** A flag that takes a port; 0 means disabled, `any` means any free port. */
export function port(fallback: number, help: string): Flag<Port> {
  const number = integer("port", fallback, [0, 65_535], help);
  return {
    ...number,
    expected: `${number.expected}, or any`,
    parse: (value) => (value === "any" ? value : number.parse(value)),
  };
}
