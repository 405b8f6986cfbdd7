/** A field of a FlatBuffer table: its number, and a value that `write` lays out. */
export type Field =
  | { readonly kind: "u8" | "i32" | "u32" | "f32"; readonly value: number }
  | { readonly kind: "i64"; readonly value: bigint }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  | { readonly kind: "i32s" | "f32s"; readonly value: readonly number[] }
  | { readonly kind: "i64s"; readonly value: readonly bigint[] }
  | { readonly kind: "table"; readonly value: Table }
  | { readonly kind: "tables"; readonly value: readonly Table[] };

/** Fields by number. */
export type Table = Readonly<Record<number, Field>>;

const WIDTH = 8;

/** Writes a FlatBuffer. Each table is followed by what it refers to, so that all offsets point forward. */
export class FlatBufferWriter {
  #bytes = new Uint8Array(1 << 12);
  #view = new DataView(this.#bytes.buffer);
  #end = 8;

  /** A whole file with an identifier of four characters. */
  static file(identifier: string, root: Table): Uint8Array {
    const writer = new FlatBufferWriter();
    writer.#bytes.set(new TextEncoder().encode(identifier), 4);
    writer.#view.setUint32(0, writer.#table(root), true);
    return writer.#bytes.slice(0, writer.#end);
  }

  #reserve(length: number, alignment: number, offset = 0): number {
    const at = Math.ceil((this.#end + offset) / alignment) * alignment - offset;
    this.#end = at + length;
    while (this.#end > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  /** Every field has a slot of 8 bytes behind the table's offset. */
  #table(table: Table): number {
    const numbers = Object.keys(table).map(Number);
    const count = Math.max(-1, ...numbers) + 1;
    const vtableSize = 4 + 2 * count;
    const size = WIDTH * (1 + numbers.length);
    const vtable = this.#reserve(vtableSize, 8);
    const at = this.#reserve(size, 8);
    this.#view.setUint16(vtable, vtableSize, true);
    this.#view.setUint16(vtable + 2, size, true);
    this.#view.setInt32(at, at - vtable, true);
    for (const [i, number] of numbers.entries()) {
      this.#view.setUint16(vtable + 4 + 2 * number, WIDTH * (1 + i), true);
    }
    for (const [i, number] of numbers.entries()) {
      this.#field(at + WIDTH * (1 + i), table[number] as Field);
    }
    return at;
  }

  #field(at: number, field: Field): void {
    if (field.kind === "u8") this.#view.setUint8(at, field.value);
    else if (field.kind === "i32") this.#view.setInt32(at, field.value, true);
    else if (field.kind === "u32") this.#view.setUint32(at, field.value, true);
    else if (field.kind === "f32") this.#view.setFloat32(at, field.value, true);
    else if (field.kind === "i64") this.#view.setBigInt64(at, field.value, true);
    else {
      const target = this.#target(field);
      this.#view.setUint32(at, target - at, true);
    }
  }

  #target(field: Field): number {
    if (field.kind === "table") return this.#table(field.value);
    if (field.kind === "text") return this.#vector(new TextEncoder().encode(`${field.value}\0`), 1);
    if (field.kind === "bytes") return this.#vector(field.value, 0);
    if (field.kind === "i32s") return this.#vector(bytesOf(Int32Array.from(field.value)), 0, 4);
    if (field.kind === "f32s") return this.#vector(bytesOf(Float32Array.from(field.value)), 0, 4);
    if (field.kind === "i64s") return this.#vector(bytesOf(BigInt64Array.from(field.value)), 0, 8);
    const tables = field.value as readonly Table[];
    const at = this.#reserve(4 + 4 * tables.length, 4);
    this.#view.setUint32(at, tables.length, true);
    for (const [i, table] of tables.entries()) {
      const slot = at + 4 + 4 * i;
      const target = this.#table(table);
      this.#view.setUint32(slot, target - slot, true);
    }
    return at;
  }

  /** A length and bytes that lie at a multiple of 16; `uncounted` bytes at the end are not in the length. */
  #vector(bytes: Uint8Array, uncounted: number, width = 1): number {
    const at = this.#reserve(4 + bytes.length, 16, 4);
    this.#view.setUint32(at, (bytes.length - uncounted) / width, true);
    this.#bytes.set(bytes, at + 4);
    return at;
  }
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer as ArrayBuffer);
