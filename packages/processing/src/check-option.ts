import { errors } from "./errors.js";

/** Rejects an option. Messages contain the names and values of options, but not the contents of files. */
export function refuse(where: string, expected: string, received: unknown): never {
  const got = JSON.stringify(received) ?? String(received);
  throw errors.processingInvalid(`${where} must be ${expected}; got ${got.slice(0, 100)}`);
}

/** Rejects unknown options, so that a mistyped name is not silently replaced by a default. */
export function checkNames(where: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw errors.processingInvalid(`${where} has no option ${name}; expected ${known.join(", ")}`);
  }
}

/** Checks an integer within limits. */
export function checkInteger(
  where: string,
  value: unknown,
  [min, max]: readonly [number, number],
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  return refuse(where, `an integer from ${min} to ${max}`, value);
}

/** Checks that a value is one of a list of choices. */
export function checkChoice<T extends string>(
  where: string,
  value: unknown,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value);
  return found ?? refuse(where, `one of ${choices.join(", ")}`, value);
}

/** Checks a finite number. */
export function checkNumber(where: string, value: unknown): number {
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : refuse(where, "a number", value);
}
