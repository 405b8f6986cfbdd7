/** Throws RangeError if one of the given options is below a minimum or not a number. */
export function checkAtLeast(min: number, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= min)) throw new RangeError(`${name} must be a number >= ${min}; got ${value}`);
  }
}
