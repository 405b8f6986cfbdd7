/** The options that are set. */
export type WithoutUndefined<O> = { [K in keyof O]?: Exclude<O[K], undefined> };

/**
 * Returns the options that are set. One that is undefined is left out: spread after a default, it would replace it.
 */
export function withoutUndefined<O extends object>(options: O): WithoutUndefined<O> {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as WithoutUndefined<O>;
}
