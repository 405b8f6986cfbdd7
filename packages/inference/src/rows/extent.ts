/**
 * An extent of a tensor as a product: `factor`, the number of rows if it `countsRows`, extents of the inputs by name,
 * and an unknown integer if it `isOpen`. Calls whose inputs have the same shapes can be joined to different batches;
 * between these batches, only the number of rows differs.
 */
export interface Extent {
  readonly factor: number;
  readonly countsRows: boolean;
  /** Sorted. */
  readonly symbols: readonly string[];
  readonly isOpen: boolean;
}

/** An extent that is a number. */
export const literal = (factor: number): Extent => ({
  factor,
  countsRows: false,
  symbols: [],
  isOpen: false,
});

/** The number of rows. */
export const NUMBER_OF_ROWS: Extent = { ...literal(1), countsRows: true };

/** An unknown extent that does not depend on the number of rows. */
export const OPEN: Extent = { ...literal(1), isOpen: true };

/** An extent of the inputs, with a name of its own. */
export const symbol = (name: string): Extent => ({ ...literal(1), symbols: [name] });

/** Converts extents of a file, in which a negative number is an unknown extent. */
export const extentsOf = (shape: readonly number[]): Extent[] =>
  shape.map((extent) => (extent < 0 ? OPEN : literal(extent)));

/** Returns the number that an extent is; undefined if it has other factors. */
export function numberOf({ factor, countsRows, symbols, isOpen }: Extent): number | undefined {
  return countsRows || symbols.length > 0 || isOpen ? undefined : factor;
}

/** Returns whether two extents are equal in every batch. */
export function isSame(a: Extent, b: Extent): boolean {
  if (a.isOpen || b.isOpen) return false;
  const isAlike = a.factor === b.factor && a.countsRows === b.countsRows;
  return isAlike && String(a.symbols) === String(b.symbols);
}

/** Returns the product of extents; undefined if the number of rows would be squared. */
export function product(extents: readonly Extent[]): Extent | undefined {
  if (extents.filter(({ countsRows }) => countsRows).length > 1) return undefined;
  return {
    factor: extents.reduce((all, { factor }) => all * factor, 1),
    countsRows: extents.some(({ countsRows }) => countsRows),
    symbols: extents.flatMap(({ symbols }) => symbols).sort(),
    isOpen: extents.some(({ isOpen }) => isOpen),
  };
}

/** Returns the quotient if it is an integer in every batch; else undefined. */
export function quotient(dividend: Extent, divisor: Extent): Extent | undefined {
  if (divisor.isOpen || divisor.factor === 0 || dividend.factor % divisor.factor !== 0) {
    return undefined;
  }
  if (divisor.countsRows && !dividend.countsRows) return undefined;
  const symbols = [...dividend.symbols];
  for (const name of divisor.symbols) {
    const index = symbols.indexOf(name);
    if (index === -1) return undefined;
    symbols.splice(index, 1);
  }
  return {
    factor: dividend.factor / divisor.factor,
    countsRows: dividend.countsRows && !divisor.countsRows,
    symbols,
    isOpen: dividend.isOpen,
  };
}
