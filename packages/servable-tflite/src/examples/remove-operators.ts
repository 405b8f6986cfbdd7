import type { ExampleOperator } from "../example-operator.js";

/** Field numbers (tensorflow/lite/schema/schema.fbs). */
const MODEL_SUBGRAPHS = 2;
const SUBGRAPH = { inputs: 1, operators: 3 };

/**
 * Copies a `.tflite` file without some operators of its first subgraph. Their outputs become inputs of the subgraph,
 * after the existing inputs. `bytes` must be a file that `readGraph` reads.
 */
export function removeOperators(
  bytes: Uint8Array,
  operators: readonly Pick<ExampleOperator, "index" | "outputs">[],
): Uint8Array {
  const outputs = operators.flatMap(({ outputs }) => outputs);
  const end = Math.ceil(bytes.length / 4) * 4;
  const room = 4 * (1 + inputCount(bytes) + outputs.length);
  // TensorFlow Lite keeps the address, and shared memory does not move.
  const copy = new Uint8Array(new SharedArrayBuffer(end + room));
  copy.set(bytes);
  const file = new FlatBufferEditor(copy);
  const subgraph = file.firstSubgraph();
  for (const { index } of [...operators].sort((a, b) => b.index - a.index)) {
    file.removeItem(file.vector(subgraph, SUBGRAPH.operators), index);
  }
  const inputs = file.int32s(file.vector(subgraph, SUBGRAPH.inputs));
  file.moveVector(subgraph, SUBGRAPH.inputs, end, [...inputs, ...outputs]);
  return copy;
}

function inputCount(bytes: Uint8Array): number {
  const file = new FlatBufferEditor(bytes);
  return file.int32s(file.vector(file.firstSubgraph(), SUBGRAPH.inputs)).length;
}

/** Modifies a FlatBuffer in place. Positions are bytes from its start. */
class FlatBufferEditor {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  firstSubgraph(): number {
    return this.#target(this.vector(this.#target(0), MODEL_SUBGRAPHS) + 4);
  }

  /** Returns the position of a vector: its length, then its items. */
  vector(table: number, field: number): number {
    return this.#target(this.#field(table, field));
  }

  int32s(vector: number): number[] {
    const length = this.#view.getUint32(vector, true);
    return Array.from({ length }, (_, i) => this.#view.getInt32(vector + 4 + 4 * i, true));
  }

  /** Removes an item of a vector of offsets, which are relative to their own positions. */
  removeItem(vector: number, index: number): void {
    const length = this.#view.getUint32(vector, true);
    for (let i = index; i + 1 < length; i++) {
      const at = vector + 4 + 4 * i;
      this.#view.setUint32(at, this.#view.getUint32(at + 4, true) + 4, true);
    }
    this.#view.setUint32(vector, length - 1, true);
  }

  /** Moves a vector of a table behind everything that the table refers to, with these items. */
  moveVector(table: number, field: number, to: number, items: readonly number[]): void {
    const at = this.#field(table, field);
    this.#view.setUint32(at, to - at, true);
    this.#view.setUint32(to, items.length, true);
    for (const [i, item] of items.entries()) this.#view.setInt32(to + 4 + 4 * i, item, true);
  }

  /** Returns the position of a table's field. @throws RangeError if the table does not have it. */
  #field(table: number, field: number): number {
    const fields = table - this.#view.getInt32(table, true);
    const entry = 4 + 2 * field;
    const isListed = entry < this.#view.getUint16(fields, true);
    const offset = isListed ? this.#view.getUint16(fields + entry, true) : 0;
    if (offset === 0) throw new RangeError(`the table at byte ${table} has no field ${field}`);
    return table + offset;
  }

  #target(at: number): number {
    return at + this.#view.getUint32(at, true);
  }
}
