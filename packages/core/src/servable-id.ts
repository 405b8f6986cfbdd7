/**
 * The version of a servable: an int64 of at least 0. A larger number is newer.
 *
 * @example
 * ```ts
 * const version: Version = 20261130n;
 * ```
 */
export type Version = bigint;

/**
 * The identity of one version of one servable.
 *
 * @example
 * ```ts
 * const id: ServableId = { name: "digits", version: 3n };
 * ```
 */
export interface ServableId {
  readonly name: string;
  readonly version: Version;
}

/** The maximum version: the maximum int64. */
export const MAX_VERSION: Version = 2n ** 63n - 1n;

/**
 * Makes a ServableId from a version that is a bigint or an integer number.
 *
 * @throws RangeError if the version is not an integer, is negative or exceeds int64, or if it is a number above
 * 2^53 - 1, which must be passed as a bigint.
 */
export function servableId(name: string, version: bigint | number): ServableId {
  return { name, version: toVersion(version) };
}

/** Converts a bigint or integer number to a Version. Throws RangeError as `servableId` does. */
export function toVersion(version: bigint | number): Version {
  if (typeof version === "number" && !Number.isSafeInteger(version)) {
    throw new RangeError(
      `a version must be an integer; got ${version}. Pass versions beyond 2^53 - 1 as bigint`,
    );
  }
  const value = BigInt(version);
  if (!isVersion(value)) {
    throw new RangeError(`a version must be between 0 and ${MAX_VERSION}; got ${value}`);
  }
  return value;
}

/** Returns whether a value is a Version: a bigint from 0 to the maximum int64. */
export function isVersion(value: unknown): value is Version {
  return typeof value === "bigint" && value >= 0n && value <= MAX_VERSION;
}

/**
 * Parses the decimal digits of a version; leading zeros are allowed ("00000123" is 123). Returns undefined for any
 * other text, and for numbers above int64.
 */
export function parseVersion(text: string): Version | undefined {
  if (!/^[0-9]{1,64}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= MAX_VERSION ? value : undefined;
}

/** Formats an id as TF Serving's messages do: `{name: digits version: 3}`. */
export function formatServableId(id: ServableId): string {
  return `{name: ${id.name} version: ${id.version}}`;
}

/** Returns whether two ids name the same version of the same servable. */
export function isSameServable(a: ServableId, b: ServableId): boolean {
  return a.version === b.version && a.name === b.name;
}
