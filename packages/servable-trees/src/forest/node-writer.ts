import type { Layout } from "./forest.js";

/** Writes the nodes of a forest: splits by a number and leaves, and special splits by the row of their table. */
export interface NodeWriter {
  number(at: number, slot: number, child: number, value: number): void;
  special(at: number, slot: number, child: number, row: number): void;
}

/** Returns the writer of a layout, into the memory of the nodes. */
export function nodeWriter(layout: Layout, { buffer }: Uint8Array, slotBits: number): NodeWriter {
  const words = new Uint32Array(buffer);
  if (layout === "packed") {
    const values = new Float32Array(buffer);
    const put = (at: number, slot: number, child: number) => {
      words[2 * at + 1] = (slot | (child << slotBits)) >>> 0;
    };
    return {
      number(at, slot, child, value) {
        values[2 * at] = value;
        put(at, slot, child);
      },
      special(at, slot, child, row) {
        words[2 * at] = row;
        put(at, slot, child);
      },
    };
  }
  const values = new Float64Array(buffer);
  const number: NodeWriter["number"] = (at, slot, child, value) => {
    values[2 * at] = value;
    words[4 * at + 2] = slot;
    words[4 * at + 3] = child;
  };
  return { number, special: number };
}
