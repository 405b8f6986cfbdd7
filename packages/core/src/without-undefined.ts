/** The options that are not undefined. */
export type WithoutUndefined<O> = { [K in keyof O]?: Exclude<O[K], undefined> };

/** Returns the options that are not undefined. An undefined option would replace a default when spread after it. */
export function withoutUndefined<O extends object>(options: O): WithoutUndefined<O> {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as WithoutUndefined<O>;
}
