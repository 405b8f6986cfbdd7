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
/** The four sums of `value` as bytes from 0 to 255; `v` is overwritten. */
const narrowed = (value: string) =>
  `(i8x16.narrow_i16x8_u (local.tee $v (i16x8.narrow_i32x4_s ${value} ${ZERO})) ${get("v")})`;

/** Repeats `body` while `counter` counts down to 0. */
const times = (label: string, counter: string, body: string) => `
    (loop $${label}
      ${body}
      (br_if $${label} (local.tee $${counter} (i32.sub ${get(counter)} ${int(1)}))))`;

const HORIZONTAL = [
  "src",
  "stride",
  "rows",
  "dst",
  "count",
  "starts",
  "counts",
  "hi",
  "lo",
  "width",
];

/** A pass along the rows. `sums` computes one output from the inputs at `p`; `store` writes it to `dst`. */
const horizontal = (name: string, vectors: readonly string[], sums: string, store: string) => `
  (func (export "${name}") ${params(HORIZONTAL)}
    ${locals(["x", "p", "h", "l", "n"], "i32")} ${locals(vectors, "v128")}
    ${times(
      "each_row",
      "rows",
      `${set("x", int(0))}
      (loop $each_output
        ${set("p", add(get("src"), word("starts", get("x"))))}
        ${set("n", word("counts", get("x")))}
        ${set("h", add(get("hi"), `(i32.shl ${mul(get("x"), get("width"))} ${int(1)})`))}
        ${set("l", add(get("lo"), `(i32.shl ${mul(get("x"), get("width"))} ${int(1)})`))}
        ${sums}
        ${store}
        (br_if $each_output (i32.lt_u (local.tee $x ${add(get("x"), int(1))}) ${get("count")})))
      ${advance("src", get("stride"))}`,
    )})`;

/** Puts the channels of two pixels side by side, each in 16 bits. */
const PAIR = "(v128.const i8x16 0 255 3 255 1 255 4 255 2 255 5 255 255 255 255 255)";

const rgb = horizontal(
  "rgb",
  ["v", "a", "b"],
  `${set("a", ZERO)} ${set("b", HALF)}
        ${times(
          "taps",
          "n",
          `${set("v", `(i8x16.swizzle (v128.load64_zero ${get("p")}) ${PAIR})`)}
          ${accumulate("a", dot(get("v"), splat("h")))}
          ${accumulate("b", dot(get("v"), splat("l")))}
          ${advance("p", int(6))} ${advance("h", int(4))} ${advance("l", int(4))}`,
        )}`,
  `(v128.store32_lane 0 ${get("dst")} ${narrowed(total("a", "b"))})
        ${advance("dst", int(3))}`,
);

const lane = (i: number) => `(i32x4.extract_lane ${i} ${get("a")})`;
const grey = horizontal(
  "grey",
  ["v", "a", "b"],
  `${set("a", ZERO)} ${set("b", ZERO)}
        ${times(
          "taps",
          "n",
          `${set("v", `(v128.load8x8_u ${get("p")})`)}
          ${accumulate("a", dot(get("v"), `(v128.load align=2 ${get("h")})`))}
          ${accumulate("b", dot(get("v"), `(v128.load align=2 ${get("l")})`))}
          ${advance("p", int(8))} ${advance("h", int(16))} ${advance("l", int(16))}`,
        )}
        ${set("a", `(i32x4.add (i32x4.shl ${get("a")} ${int(8)}) ${get("b")})`)}
        ${set("a", `(i32x4.splat ${add(add(lane(0), lane(1)), add(lane(2), lane(3)))})`)}
        ${set("a", `(i32x4.shr_s (i32x4.add ${get("a")} ${HALF}) ${int(22)})`)}`,
  `(v128.store8_lane 0 ${get("dst")} ${narrowed(get("a"))})
        ${advance("dst", int(1))}`,
);

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
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s ${total("a0", "b0")} ${total("a1", "b1")})
            (i16x8.narrow_i32x4_s ${total("a2", "b2")} ${total("a3", "b3")})))
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
