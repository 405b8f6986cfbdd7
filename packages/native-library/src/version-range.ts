/** A range of supported versions: dotted numbers, compared number by number. */
export interface VersionRange {
  readonly atLeast: string;
  /** The first version that is not supported. Default none. */
  readonly below?: string;
}

/** Returns whether a version such as `2.9.0` or `2.21.0-rc1` is in a range. Suffixes are ignored. */
export function isVersionWithin(version: string, { atLeast, below }: VersionRange): boolean {
  if (!/^\d/.test(version)) return false;
  return compare(version, atLeast) >= 0 && (below === undefined || compare(version, below) < 0);
}

function compare(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbersOf = (version: string) =>
  (/^\d+(\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
