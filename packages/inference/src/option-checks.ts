/** The check of one option. */
export interface OptionCheck {
  /** The valid values in words, such as `an integer >= 1`. */
  readonly expected: string;
  fits(value: unknown): boolean;
}

/** The check of each option. */
export type OptionChecks<O> = { readonly [K in keyof O]-?: OptionCheck };

const isText = (value: unknown) => typeof value === "string" && value !== "";

const count: OptionCheck = {
  expected: "an integer >= 1",
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
};

const boolean: OptionCheck = {
  expected: "true or false",
  fits: (value) => typeof value === "boolean",
};

const path: OptionCheck = { expected: "a path", fits: isText };

const oneOf = (values: readonly string[]): OptionCheck => ({
  expected: values.join(" or "),
  fits: (value) => values.includes(value as string),
});

const listOf = (expected: string, fits: (value: unknown) => boolean = isText): OptionCheck => ({
  expected,
  fits: (value) => Array.isArray(value) && value.every(fits),
});

/** Checks of options that several platforms have. By default, the elements of a list are non-empty strings. */
export const optionCheck = { count, boolean, path, oneOf, listOf };

/**
 * Checks the options of a platform. An option that is undefined is absent.
 *
 * @throws TypeError with the option's name, what was expected and what was received.
 */
export function checkOptionsOf<O extends object>(
  platform: string,
  checks: OptionChecks<O>,
  options: O,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      const known = Object.keys(checks).join(", ");
      throw new TypeError(`option ${name} of ${platform} is unknown; expected one of ${known}`);
    }
    const { expected, fits } = checks[name as keyof O];
    if (value !== undefined && !fits(value)) {
      throw new TypeError(`option ${name} of ${platform} must be ${expected}; got ${shown(value)}`);
    }
  }
}

const shown = (value: unknown) =>
  typeof value === "string" || (typeof value === "object" && value !== null)
    ? JSON.stringify(value)
    : String(value);
