/**
 * An extent of a tensor as a product: `factor`, the number of rows if it `countsRows`, extents of the inputs by name,
 * and an unknown integer if it `isOpen`. Nothing in it but the number of rows differs between batches that calls
 * with inputs of the same shapes are joined to.
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

/** An extent of which nothing is known, except that the number of rows does not change it. */
export const OPEN: Extent = { ...literal(1), isOpen: true };

/** An extent of the inputs, by a name of its own. */
export const symbol = (name: string): Extent => ({ ...literal(1), symbols: [name] });

/** Extents of a file, where a negative number is an unknown extent. */
export const extentsOf = (shape: readonly number[]): Extent[] =>
  shape.map((extent) => (extent < 0 ? OPEN : literal(extent)));

/** The number that an extent is; undefined if it is not only a number. */
export function numberOf({ factor, countsRows, symbols, isOpen }: Extent): number | undefined {
  return countsRows || symbols.length > 0 || isOpen ? undefined : factor;
}

/** Whether two extents are equal in every batch. */
export function isSame(a: Extent, b: Extent): boolean {
  if (a.isOpen || b.isOpen) return false;
  const isAlike = a.factor === b.factor && a.countsRows === b.countsRows;
  return isAlike && String(a.symbols) === String(b.symbols);
}

/** The product of extents; undefined if it has the number of rows squared. */
export function product(extents: readonly Extent[]): Extent | undefined {
  if (extents.filter(({ countsRows }) => countsRows).length > 1) return undefined;
  return {
    factor: extents.reduce((all, { factor }) => all * factor, 1),
    countsRows: extents.some(({ countsRows }) => countsRows),
    symbols: extents.flatMap(({ symbols }) => symbols).sort(),
    isOpen: extents.some(({ isOpen }) => isOpen),
  };
}

/** The quotient, if it is an integer in every batch; else undefined. */
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
