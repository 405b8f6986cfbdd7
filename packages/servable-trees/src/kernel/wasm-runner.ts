import { type Forest, nodeBytes, rowWidth } from "../forest/forest.js";
import { JsRunner } from "./js-runner.js";
import { KERNEL_BASE64 } from "./kernel-bytes.js";
import { capacityOf, type Floats, MAX_FOUND, type Runner } from "./runner.js";
import { type CompiledModule, type SharedMemory, webAssembly } from "./web-assembly.js";

const PAGE = 2 ** 16;
const MAX_PAGES = 2 ** 16;
/** Maximum number of runners that share the memory of a forest, one for each thread. */
const MAX_RUNNERS = 256;

/** A forest in a WebAssembly memory that the threads of the process share. */
export interface PlacedForest {
  readonly forest: Forest;
  readonly memory: SharedMemory;
  /** A word for each runner: 1 if its part of the memory is in use. */
  readonly runners: Int32Array;
  /** The addresses of the tables of trees. */
  readonly tables: Tables;
  /** The address of the first runner's part, and the size of each part. */
  readonly parts: { readonly start: number; readonly size: number };
}

/**
 * Tables with a word for each tree: the address of its root, the steps of its group of four, the offset of its output.
 */
interface Tables {
  readonly roots: number;
  readonly depths: number;
  readonly groups: number;
  /** The offsets of found leaves: of the first tree, the second, … */
  readonly places: number;
}

/** Consecutive trees that the kernel can walk, or that only JavaScript can walk. */
interface Block {
  readonly first: number;
  readonly end: number;
  readonly isKernels: boolean;
}

type Walk = (...args: number[]) => void;

let compiled: CompiledModule | undefined;

/** Compiles the kernel once per thread. @throws if that is not possible. */
function instantiate(memory: SharedMemory): {
  readonly exports: Readonly<Record<string, unknown>>;
} {
  if (webAssembly === undefined) throw new Error("there is no WebAssembly");
  compiled ??= new webAssembly.Module(Buffer.from(KERNEL_BASE64, "base64"));
  return new webAssembly.Instance(compiled, { host: { memory } });
}

const align = (size: number, to: number) => Math.ceil(size / to) * to;

/**
 * Copies a forest into a WebAssembly memory. Returns undefined if that is not possible: there is no WebAssembly, the
 * process cannot reserve the address space, or the forest is larger than 4 GiB.
 */
export function placeForest(forest: Forest): PlacedForest | undefined {
  if (webAssembly === undefined || forest.layout === "wide32" || forest.trees === 0) {
    return undefined;
  }
  const { trees, nodes } = forest;
  const roots = align(nodes.length, 16) + 16;
  const depths = roots + align(4 * trees, 16);
  const groups = depths + align(4 * trees, 16);
  const places = groups + align(4 * trees, 16);
  const start = align(places + 4 * MAX_FOUND, PAGE);
  const size = align(partSize(forest), PAGE);
  const maximum = Math.min(MAX_PAGES, (start + MAX_RUNNERS * size) / PAGE);
  const count = Math.floor((maximum - start / PAGE) / (size / PAGE));
  if (count < 1) return undefined;
  try {
    const memory = new webAssembly.Memory({ initial: start / PAGE, maximum, shared: true });
    new Uint8Array(memory.buffer).set(nodes);
    const tables = { roots, depths, groups, places };
    writeTables(memory, forest, tables);
    const runners = new Int32Array(new SharedArrayBuffer(4 * count));
    const placed = new Uint8Array(memory.buffer, 0, nodes.length);
    return {
      forest: { ...forest, nodes: placed },
      ...{ memory, runners, tables },
      parts: { start, size },
    };
  } catch {
    return undefined;
  }
}

/** Returns the size in bytes of a runner's part: rows, and their outputs or leaves. */
function partSize(forest: Forest): number {
  const bytes = forest.layout === "packed" ? 4 : 8;
  const width = rowWidth(forest);
  const capacity = capacityOf(forest, width, bytes);
  return align(capacity * width * bytes, 16) + outBytes(forest, capacity, bytes);
}

const outBytes = ({ groups }: Forest, capacity: number, bytes: number) =>
  align(capacity * Math.max(groups * bytes, MAX_FOUND * 4), 16);

function writeTables(
  { buffer }: SharedMemory,
  forest: Forest,
  { roots, depths, groups, places }: Tables,
): void {
  const { trees, layout } = forest;
  const rootsTable = new Int32Array(buffer, roots, trees);
  const depthsTable = new Int32Array(buffer, depths, trees);
  const groupsTable = new Int32Array(buffer, groups, trees);
  const bytes = layout === "packed" ? 4 : 8;
  for (let tree = 0; tree < trees; tree++) {
    rootsTable[tree] = (forest.roots[tree] as number) * nodeBytes(layout);
    const first = tree & -4;
    const depth = forest.depths[tree] as number;
    depthsTable[first] = Math.max(depthsTable[first] as number, depth);
    groupsTable[tree] = (forest.group[tree] as number) * bytes;
  }
  const placesTable = new Int32Array(buffer, places, MAX_FOUND);
  for (let place = 0; place < MAX_FOUND; place++) placesTable[place] = 4 * place;
}

/**
 * A runner that uses the kernel. JavaScript walks trees with splits that the kernel does not support, in their order.
 */
export class WasmRunner implements Runner {
  readonly capacity: number;
  readonly rows: Floats;
  readonly #placed: PlacedForest;
  readonly #script: JsRunner;
  readonly #part: number;
  readonly #sum: Walk;
  readonly #find: Walk;
  readonly #blocks: readonly Block[];
  readonly #out: Floats;
  readonly #found: Int32Array;
  /** Size in bytes of a row, and of its outputs. */
  readonly #stride: { readonly row: number; readonly out: number };
  readonly #at: { readonly rows: number; readonly out: number };
  readonly #slots: { readonly bits: number; readonly mask: number };

  private constructor(placed: PlacedForest, part: number) {
    const { forest, memory, parts } = placed;
    this.#placed = placed;
    this.#part = part;
    const isPacked = forest.layout === "packed";
    const bytes = isPacked ? 4 : 8;
    const Numbers: new (buffer: SharedArrayBuffer, start: number, length: number) => Floats =
      isPacked ? Float32Array : Float64Array;
    const width = rowWidth(forest);
    this.capacity = capacityOf(forest, width, bytes);
    const start = parts.start + part * parts.size;
    const missing = (start + parts.size - memory.buffer.byteLength) / PAGE;
    if (missing > 0) memory.grow(missing);
    const out = start + align(this.capacity * width * bytes, 16);
    this.#at = { rows: start, out };
    this.#stride = { row: width * bytes, out: forest.groups * bytes };
    this.#slots = { bits: forest.slotBits, mask: 2 ** forest.slotBits - 1 };
    this.rows = new Numbers(memory.buffer, start, this.capacity * width);
    this.#out = new Numbers(memory.buffer, out, this.capacity * forest.groups);
    this.#found = new Int32Array(memory.buffer, out, this.capacity * MAX_FOUND);
    const { exports } = instantiate(memory);
    const kind = isPacked ? "packed" : "wide";
    this.#sum = exports[`sum_${kind}`] as Walk;
    this.#find = exports[`find_${kind}`] as Walk;
    this.#blocks = blocksOf(forest);
    this.#script = new JsRunner(forest);
  }

  /** Creates a runner for this thread; undefined if there is no memory for it. */
  static create(placed: PlacedForest): WasmRunner | undefined {
    for (let part = 0; part < placed.runners.length; part++) {
      if (Atomics.compareExchange(placed.runners, part, 0, 1) !== 0) continue;
      try {
        return new WasmRunner(placed, part);
      } catch {
        Atomics.store(placed.runners, part, 0);
        return undefined;
      }
    }
    return undefined;
  }

  sum(rows: number, out: Floats): void {
    const length = rows * this.#placed.forest.groups;
    copy(out, this.#out, length);
    for (const { first, end, isKernels } of this.#blocks) {
      if (isKernels) this.#walk(this.#sum, first, end - first, rows);
      else this.#script.sumTrees(first, end, this.rows, rows, this.#out);
    }
    copy(this.#out, out, length);
  }

  find(rows: number, first: number, count: number, out: Int32Array): void {
    const [block] = this.#blocks;
    if (this.#blocks.length !== 1 || !block?.isKernels) {
      this.#script.findTrees(first, count, this.rows, rows, out);
      return;
    }
    const { tables, forest } = this.#placed;
    const { bits, mask } = this.#slots;
    const at = 4 * first;
    this.#find(
      tables.roots + at,
      tables.depths + at,
      tables.places,
      count,
      this.#at.rows,
      this.#stride.row,
      rows,
      this.#at.out,
      4 * count,
      bits,
      mask,
    );
    const size = nodeBytes(forest.layout);
    for (let i = 0; i < rows * count; i++) out[i] = (this.#found[i] as number) / size;
  }

  #walk(walk: Walk, first: number, trees: number, rows: number): void {
    const { roots, depths, groups } = this.#placed.tables;
    const { bits, mask } = this.#slots;
    const at = 4 * first;
    walk(
      roots + at,
      depths + at,
      groups + at,
      trees,
      this.#at.rows,
      this.#stride.row,
      rows,
      this.#at.out,
      this.#stride.out,
      bits,
      mask,
    );
  }

  close(): void {
    Atomics.store(this.#placed.runners, this.#part, 0);
  }
}

/** Below this a loop is faster than a view and a call. */
const FEW = 32;

function copy(from: Floats, to: Floats, length: number): void {
  if (length > FEW) {
    to.set(from.subarray(0, length));
    return;
  }
  for (let i = 0; i < length; i++) to[i] = from[i] as number;
}

/** Returns the trees, in order, grouped by the walker that supports them: four at a time, as in the kernel. */
function blocksOf({ trees, hasSpecials }: Forest): Block[] {
  const blocks: Block[] = [];
  for (let first = 0; first < trees; first += 4) {
    const end = Math.min(first + 4, trees);
    const isKernels = !hasSpecials.subarray(first, end).includes(1);
    const last = blocks.at(-1);
    if (last?.isKernels === isKernels) blocks[blocks.length - 1] = { ...last, end };
    else blocks.push({ first, end, isKernels });
  }
  return blocks;
}
