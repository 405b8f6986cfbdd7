/** Throws RangeError when one of some options, given by name, is below a minimum or no number. */
export function checkAtLeast(min: number, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= min)) throw new RangeError(`${name} must be a number >= ${min}; got ${value}`);
  }
}
