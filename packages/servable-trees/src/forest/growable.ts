type NumberArray = Int32Array | Uint8Array | Float32Array | Float64Array;

/** A typed array that grows. */
export class Growable<A extends NumberArray> {
  data: A;
  length = 0;
  readonly #create: (length: number) => A;

  constructor(create: (length: number) => A) {
    this.#create = create;
    this.data = create(1024);
  }

  /** Makes room for `count` more elements and returns the index of the first. */
  extend(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.data.length) {
      const grown = this.#create(Math.max(this.length, 2 * this.data.length));
      grown.set(this.data as never);
      this.data = grown;
    }
    return start;
  }

  push(value: number): void {
    const at = this.extend(1); // may replace data
    this.data[at] = value;
  }

  /** Returns the elements in memory that threads can share. */
  shared(): A {
    const { constructor: Numbers, BYTES_PER_ELEMENT } = this
      .data as unknown as SharedConstructor<A>;
    const shared = new Numbers(new SharedArrayBuffer(this.length * BYTES_PER_ELEMENT));
    shared.set(this.data.subarray(0, this.length) as never);
    return shared;
  }
}

interface SharedConstructor<A> {
  readonly constructor: new (buffer: SharedArrayBuffer) => A;
  readonly BYTES_PER_ELEMENT: number;
}

export const ints = () => new Growable((length) => new Int32Array(length));
export const bytes = () => new Growable((length) => new Uint8Array(length));
export const floats = () => new Growable((length) => new Float32Array(length));
export const doubles = () => new Growable((length) => new Float64Array(length));
