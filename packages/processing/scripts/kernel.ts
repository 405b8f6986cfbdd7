/**
 * The kernel's source: the text (WAT) of a WebAssembly module with the two passes of Pillow's resize.
 *
 * A weight has 22 bits after its point. It is split: `hi` has all but its low 8 bits, `lo` these. A dot product of two
 * pixels with the halves of two weights is one instruction, and 256 * hi + lo is the sum that Pillow computes.
 * All addresses are bytes. `starts` has the address of the first input of each output, relative to the row; `counts`
 * the number of pairs (in `grey`: of eights) of inputs. Loads may go up to 16 bytes past the inputs.
 */
const get = (name: string) => `(local.get $${name})`;
const set = (name: string, value: string) => `(local.set $${name} ${value})`;
const add = (a: string, b: string) => `(i32.add ${a} ${b})`;
const mul = (a: string, b: string) => `(i32.mul ${a} ${b})`;
const int = (value: number) => `(i32.const ${value})`;
const advance = (name: string, by: string) => set(name, add(get(name), by));
const word = (base: string, index: string) =>
  `(i32.load ${add(get(base), `(i32.shl ${index} ${int(2)})`)})`;
const params = (names: readonly string[]) => names.map((name) => `(param $${name} i32)`).join(" ");
const locals = (names: readonly string[], type: string) =>
  names.map((name) => `(local $${name} ${type})`).join(" ");
const splat = (address: string) => `(v128.load32_splat ${get(address)})`;
const dot = (a: string, b: string) => `(i32x4.dot_i16x8_s ${a} ${b})`;
const accumulate = (name: string, value: string) => set(name, `(i32x4.add ${get(name)} ${value})`);
const ZERO = "(v128.const i32x4 0 0 0 0)";
/** Half of the last place of a result. */
const HALF = "(v128.const i32x4 0x200000 0x200000 0x200000 0x200000)";
const total = (hi: string, lo: string) =>
  `(i32x4.shr_s (i32x4.add (i32x4.shl ${get(hi)} ${int(8)}) ${get(lo)}) ${int(22)})`;
/** Sixteen sums as bytes from 0 to 255. */
const narrowed = (a: string, b: string, c: string, d: string) =>
  `(i8x16.narrow_i16x8_u (i16x8.narrow_i32x4_s ${a} ${b}) (i16x8.narrow_i32x4_s ${c} ${d}))`;

/** Repeats `body` while `counter` counts down to 0. */
const times = (label: string, counter: string, body: string) => `
    (loop $${label}
      ${body}
      (br_if $${label} (local.tee $${counter} (i32.sub ${get(counter)} ${int(1)}))))`;

const HORIZONTAL = [
  ...["src", "stride", "groups", "dst", "dst_stride", "count"],
  ...["starts", "counts", "hi", "lo", "width"],
];
const ROWS = [0, 1, 2, 3];
const ofRows = (...names: readonly string[]) =>
  ROWS.flatMap((row) => names.map((name) => `${name}${row}`));

/** Sets `name`0 to `first`, and the names of the other rows each `step` further. */
const eachRow = (name: string, first: string, step: string) =>
  ROWS.map((row) =>
    set(`${name}${row}`, row === 0 ? first : add(get(`${name}${row - 1}`), get(step))),
  ).join(" ");

/** The parts of a pass along the rows that depend on the number of channels. */
interface RowPass {
  /** Puts the inputs of a row, from the address, into 16-bit lanes. */
  readonly load: (address: string) => string;
  /** The halves of the weights of these inputs. */
  readonly weights: (address: string) => string;
  /** Number of bytes of the inputs, and of their weights. */
  readonly steps: readonly [inputs: number, weights: number];
  /** The first value of the sums. */
  readonly bias: string;
  /** Writes the sums of all rows to `d0` to `d3`. */
  readonly store: string;
  /** Number of bytes of an output. */
  readonly outBytes: number;
}

/**
 * A pass along the rows, four rows at a time, which share the weights. It may read and write up to three rows past the
 * last one.
 */
const horizontal = (name: string, { load, weights, steps, bias, store, outBytes }: RowPass) => `
  (func (export "${name}") ${params(HORIZONTAL)}
    ${locals(["x", "h", "l", "n", ...ofRows("p", "d")], "i32")}
    ${locals(["v", "w", "k", "m", ...ofRows("a", "b")], "v128")}
    ${times(
      "each_group",
      "groups",
      `${set("x", int(0))} ${eachRow("d", get("dst"), "dst_stride")}
      (loop $each_output
        ${eachRow("p", add(get("src"), word("starts", get("x"))), "stride")}
        ${set("n", word("counts", get("x")))}
        ${set("h", add(get("hi"), `(i32.shl ${mul(get("x"), get("width"))} ${int(1)})`))}
        ${set("l", add(get("lo"), `(i32.shl ${mul(get("x"), get("width"))} ${int(1)})`))}
        ${ROWS.map((row) => `${set(`a${row}`, ZERO)} ${set(`b${row}`, bias)}`).join(" ")}
        ${times(
          "taps",
          "n",
          `${set("k", weights("h"))} ${set("m", weights("l"))}
          ${ROWS.map(
            (row) => `${set("v", load(`p${row}`))}
          ${accumulate(`a${row}`, dot(get("v"), get("k")))}
          ${accumulate(`b${row}`, dot(get("v"), get("m")))}
          ${advance(`p${row}`, int(steps[0]))}`,
          ).join("\n          ")}
          ${advance("h", int(steps[1]))} ${advance("l", int(steps[1]))}`,
        )}
        ${store}
        ${ROWS.map((row) => advance(`d${row}`, int(outBytes))).join(" ")}
        (br_if $each_output (i32.lt_u (local.tee $x ${add(get("x"), int(1))}) ${get("count")})))
      ${advance("src", `(i32.shl ${get("stride")} ${int(2)})`)}
      ${advance("dst", `(i32.shl ${get("dst_stride")} ${int(2)})`)}`,
    )})`;

/** Puts the channels of two pixels side by side, each in 16 bits. */
const PAIR = "(v128.const i8x16 0 255 3 255 1 255 4 255 2 255 5 255 255 255 255 255)";
const rounded = (row: number) => total(`a${row}`, `b${row}`);

const rgb = horizontal("rgb", {
  load: (address) => `(i8x16.swizzle (v128.load64_zero ${get(address)}) ${PAIR})`,
  weights: splat,
  steps: [6, 4],
  bias: HALF,
  store: `${set("v", narrowed(rounded(0), rounded(1), rounded(2), rounded(3)))}
        ${ROWS.map((row) => `(v128.store32_lane ${row} ${get(`d${row}`)} ${get("v")})`).join(" ")}`,
  outBytes: 3,
});

const shuffled = (lanes: readonly number[], a: string, b: string) =>
  `(i8x16.shuffle ${lanes.flatMap((lane) => [0, 1, 2, 3].map((i) => 4 * lane + i)).join(" ")} ${a} ${b})`;
const sumOf = (row: number) =>
  `(i32x4.add (i32x4.shl ${get(`a${row}`)} ${int(8)}) ${get(`b${row}`)})`;
/** The sums of the halves of two rows. */
const pairSums = (name: string, row: number) => `${set("v", sumOf(row))} ${set("w", sumOf(row + 1))}
        ${set(name, `(i32x4.add ${shuffled([0, 1, 4, 5], get("v"), get("w"))} ${shuffled([2, 3, 6, 7], get("v"), get("w"))})`)}`;

const grey = horizontal("grey", {
  load: (address) => `(v128.load8x8_u ${get(address)})`,
  weights: (address) => `(v128.load align=2 ${get(address)})`,
  steps: [8, 16],
  bias: ZERO,
  store: `${pairSums("k", 0)} ${pairSums("m", 2)}
        ${set("v", `(i32x4.add ${shuffled([0, 2, 4, 6], get("k"), get("m"))} ${shuffled([1, 3, 5, 7], get("k"), get("m"))})`)}
        ${set("v", `(i32x4.shr_s (i32x4.add ${get("v")} ${HALF}) ${int(22)})`)}
        ${set("v", narrowed(get("v"), ZERO, ZERO, ZERO))}
        ${ROWS.map((row) => `(v128.store8_lane ${row} ${get(`d${row}`)} ${get("v")})`).join(" ")}`,
  outBytes: 1,
});

const VERTICAL = ["src", "stride", "dst", "count", "starts", "counts", "hi", "lo", "width"];
const QUARTERS = [0, 1, 2, 3];
const interleaved = (from: number) =>
  `(i8x16.shuffle ${[0, 1, 2, 3, 4, 5, 6, 7].flatMap((i) => [from + i, 16 + from + i]).join(" ")} ${get("v")} ${get("w")})`;
const halves = (of: string) => [
  `(i16x8.extend_low_i8x16_u ${get(of)})`,
  `(i16x8.extend_high_i8x16_u ${get(of)})`,
];

/** The pass along the columns, 16 bytes of a row at a time. The end of a row may be written past it. */
const vertical = `
  (func (export "vertical") ${params(VERTICAL)}
    ${locals(["c", "p", "q", "h", "l", "n", "y"], "i32")}
    ${locals(["v", "w", "s", "t", "k", "m", ...QUARTERS.flatMap((i) => [`a${i}`, `b${i}`])], "v128")}
    (loop $each_row
      ${set("c", int(0))}
      (loop $each_block
        ${set("p", add(add(get("src"), word("starts", get("y"))), get("c")))}
        ${set("n", word("counts", get("y")))}
        ${set("h", add(get("hi"), `(i32.shl ${mul(get("y"), get("width"))} ${int(1)})`))}
        ${set("l", add(get("lo"), `(i32.shl ${mul(get("y"), get("width"))} ${int(1)})`))}
        ${QUARTERS.map((i) => `${set(`a${i}`, ZERO)} ${set(`b${i}`, HALF)}`).join(" ")}
        ${times(
          "taps",
          "n",
          `${set("v", `(v128.load align=1 ${get("p")})`)}
          ${set("w", `(v128.load align=1 ${add(get("p"), get("stride"))})`)}
          ${set("k", splat("h"))} ${set("m", splat("l"))}
          ${set("s", interleaved(0))} ${set("t", interleaved(8))}
          ${[...halves("s"), ...halves("t")]
            .map(
              (quarter, i) =>
                `${accumulate(`a${i}`, dot(quarter, get("k")))} ${accumulate(`b${i}`, dot(quarter, get("m")))}`,
            )
            .join("\n          ")}
          ${advance("p", `(i32.shl ${get("stride")} ${int(1)})`)} ${advance("h", int(4))} ${advance("l", int(4))}`,
        )}
        (v128.store align=1 ${add(get("dst"), get("c"))}
          ${narrowed(total("a0", "b0"), total("a1", "b1"), total("a2", "b2"), total("a3", "b3"))})
        (br_if $each_block (i32.lt_u (local.tee $c ${add(get("c"), int(16))}) ${get("stride")})))
      ${advance("dst", get("stride"))}
      (br_if $each_row (i32.lt_u (local.tee $y ${add(get("y"), int(1))}) ${get("count")})))
  )`;

/** The pages of 64 KiB of the kernel's memory. It never grows. */
export const PAGES = 64;

/** The text of the module. */
export function kernelText(): string {
  return `(module\n  (memory (export "memory") ${PAGES} ${PAGES})${rgb}${grey}${vertical})\n`;
}
