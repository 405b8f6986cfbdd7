/**
 * Formats rows as lines of aligned columns. The first row is the head.
 *
 * @param numeric The columns that are aligned at the right, from 0. Default: none.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  numeric: readonly number[] = [],
): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numeric.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
