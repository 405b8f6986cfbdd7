import type { Taps } from "./axis.js";
import { KERNEL_BASE64 } from "./kernel-bytes.js";
import { type RunTile, spanOf, type Tile, type TwoPasses } from "./tile.js";
import { type KernelExports, webAssembly } from "./web-assembly.js";

/** Upper bound of the number of bytes that the kernel reads beyond the inputs. */
const SLACK_BYTES = 64;

/** Opens the kernel. Returns undefined if it cannot run: there is no WebAssembly compiler, or no SIMD. */
export function openKernel(): RunTile | undefined {
  if (webAssembly === undefined) return undefined;
  try {
    const module = new webAssembly.Module(Buffer.from(KERNEL_BASE64, "base64"));
    const kernel = new webAssembly.Instance(module, {}).exports;
    return (passes, tile) => new PlacedTile(kernel, passes, tile).run();
  } catch {
    return undefined; // CompileError
  }
}

/** A tile in the memory of the kernel: the weights, the inputs, the result of the first pass, and the outputs. */
class PlacedTile {
  readonly #kernel: KernelExports;
  readonly #memory: Uint8Array;
  readonly #passes: TwoPasses;
  readonly #tile: Tile;
  #end = 0;

  constructor(kernel: KernelExports, passes: TwoPasses, tile: Tile) {
    this.#kernel = kernel;
    this.#memory = new Uint8Array(kernel.memory.buffer);
    this.#passes = passes;
    this.#tile = tile;
  }

  run(): boolean {
    const { source, stride, channels, columns, rows, into } = this.#passes;
    const { x, y, width, height } = this.#tile;
    const across = spanOf(columns, x, width);
    const down = spanOf(rows, y, height);
    const inputRows = down.end - down.first;
    const inputBytes = (across.end - across.first) * channels;
    const rowBytes = width * channels;
    // The kernel writes past the end of a row, and computes four rows at a time.
    const outStride = (rowBytes + 16) & ~15;
    const groups = Math.ceil(inputRows / 4);
    const bytes =
      weightBytes(columns, width) +
      weightBytes(rows, height) +
      4 * groups * (inputBytes + outStride) +
      // An odd number of rows is padded with a row of weight 0.
      outStride * (height + 1) +
      4 * SLACK_BYTES;
    if (bytes > this.#memory.length) return false;

    const lanes = channels === 1 ? 8 : 2;
    const columnTaps = this.#placeTaps(columns, x, width, across.first, channels, lanes);
    const rowTaps = this.#placeTaps(rows, y, height, down.first, outStride, 2);
    const src = this.#reserve(4 * groups * inputBytes);
    for (let row = 0; row < inputRows; row++) {
      const from = (down.first + row) * stride + across.first * channels;
      if (inputBytes === stride) {
        this.#memory.set(source.subarray(from, from + inputRows * stride), src);
        break;
      }
      this.#memory.set(source.subarray(from, from + inputBytes), src + row * inputBytes);
    }
    const between = this.#reserve((4 * groups + 1) * outStride);
    const pass = channels === 1 ? this.#kernel.grey : this.#kernel.rgb;
    pass(src, inputBytes, groups, between, outStride, width, ...columnTaps);
    const out = this.#reserve(height * outStride);
    this.#kernel.vertical(between, outStride, out, height, ...rowTaps);
    const allBytes = columns.starts.length * channels;
    for (let row = 0; row < height; row++) {
      const from = out + row * outStride;
      const at = (y + row) * allBytes + x * channels;
      into.set(this.#memory.subarray(from, from + rowBytes), at);
    }
    return true;
  }

  /** Reserves this many bytes and returns their address, aligned. */
  #reserve(bytes: number): number {
    const at = this.#end;
    this.#end += (bytes + SLACK_BYTES) & ~15;
    return at;
  }

  /** Writes the weights of outputs. Returns the addresses of starts, counts and both halves, and the width of a row. */
  #placeTaps(
    { starts, counts, weights, width }: Taps<Int32Array>,
    from: number,
    count: number,
    first: number,
    step: number,
    lanes: number,
  ): [number, number, number, number, number] {
    const { buffer } = this.#memory;
    const startsAt = this.#reserve(4 * count);
    const countsAt = this.#reserve(4 * count);
    const hiAt = this.#reserve(2 * count * width);
    const loAt = this.#reserve(2 * count * width);
    const startWords = new Int32Array(buffer, startsAt, count);
    const countWords = new Int32Array(buffer, countsAt, count);
    for (let i = 0; i < count; i++) {
      startWords[i] = ((starts[from + i] as number) - first) * step;
      countWords[i] = Math.ceil((counts[from + i] as number) / lanes);
    }
    const hi = new Int16Array(buffer, hiAt, count * width);
    const lo = new Int16Array(buffer, loAt, count * width);
    for (let k = 0; k < count * width; k++) {
      const weight = weights[from * width + k] as number;
      hi[k] = weight >> 8;
      lo[k] = weight & 255;
    }
    return [startsAt, countsAt, hiAt, loAt, width];
  }
}

const weightBytes = ({ width }: Taps, count: number) => count * (8 + 4 * width) + 4 * SLACK_BYTES;
