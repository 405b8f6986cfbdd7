/**
 * The kernel's source: a function makes the text of a WebAssembly module (WAT) for both layouts of nodes,
 * because each walk is written out for four trees at a time.
 *
 * `sum` adds the leaf of each tree to the output of its group, `find` writes the address of the leaf. Both walk
 * `trees` trees over `rows` rows of `width` bytes at `x`. A step has no branch: a leaf is its own child. All
 * addresses are bytes; `roots` has one for each tree, `groups` the offset of its output, `depths` the steps of each four.
 */
const LANES = ["a", "b", "c", "d"];

/** The code that reads a node. `slot` and `child` of `$n` are expressions; `child` counts nodes from the root. */
interface Layout {
  readonly float: string;
  readonly size: number;
  readonly shift: number;
  readonly word: string;
  readonly slot: string;
  readonly child: string;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  packed: {
    float: "f32",
    size: 2,
    shift: 3,
    word: "(local.set $p (i32.load offset=4 (local.get $NODE)))",
    slot: "(i32.and (local.get $p) (local.get $mask))",
    child: "(i32.shr_u (local.get $p) (local.get $bits))",
  },
  wide: {
    float: "f64",
    size: 3,
    shift: 4,
    word: "",
    slot: "(i32.load offset=8 (local.get $NODE))",
    child: "(i32.load offset=12 (local.get $NODE))",
  },
};

const get = (name: string) => `(local.get $${name})`;
const set = (name: string, value: string) => `(local.set $${name} ${value})`;
const add = (a: string, b: string) => `(i32.add ${a} ${b})`;

/** Moves a lane to the child of its node, or to the node after it if the slot is not less than the value. */
function step({ float, size, shift, word, slot, child }: Layout, lane: string): string {
  const here = (text: string) => text.replaceAll("NODE", lane);
  const x = `(${float}.load ${add(get("row"), `(i32.shl ${here(slot)} (i32.const ${size}))`)})`;
  const isNotLess = `(i32.eqz (${float}.lt ${x} (${float}.load ${get(lane)})))`;
  const distance = `(i32.shl ${add(here(child), isNotLess)} (i32.const ${shift}))`;
  return `${here(word)} ${set(lane, add(get(`r${lane}`), distance))}`;
}

/** Does `body` for each row, with the lanes at their leaves. */
function eachRow(layout: Layout, lanes: readonly string[], body: string): string {
  return `
      ${set("row", get("x"))} ${set("o", get("out"))} ${set("i", get("rows"))}
      (loop $rows
        ${lanes.map((lane) => set(lane, get(`r${lane}`))).join(" ")}
        ${set("s", get("depth"))}
        (if ${get("s")} (then (loop $steps
          ${lanes.map((lane) => step(layout, lane)).join("\n          ")}
          (br_if $steps (local.tee $s (i32.sub ${get("s")} (i32.const 1)))))))
        ${body}
        ${set("row", add(get("row"), get("width")))} ${set("o", add(get("o"), get("stride")))}
        (br_if $rows (local.tee $i (i32.sub ${get("i")} (i32.const 1)))))`;
}

const loadWord = (base: string, index: string, offset: number) =>
  `(i32.load offset=${offset} ${add(get(base), `(i32.shl ${index} (i32.const 2))`)})`;

const FIRST_OF_FOUR = `(i32.and ${get("t")} (i32.const -4))`;

/** Walks four trees at a time, then the others one by one. */
function walk(name: string, layout: Layout, bodyOf: (lanes: readonly string[]) => string): string {
  const params = ["roots", "depths", "groups", "trees", "x", "width", "rows", "out", "stride"];
  const declared = [...params, "bits", "mask"].map((param) => `(param $${param} i32)`).join(" ");
  const locals = ["t", "i", "s", "p", "row", "o", "depth"];
  const laneLocals = LANES.flatMap((lane) => [lane, `r${lane}`, `g${lane}`]);
  const pass = (lanes: readonly string[]) => `
      ${set("depth", loadWord("depths", FIRST_OF_FOUR, 0))}
      ${lanes.map((lane, k) => `${set(`r${lane}`, loadWord("roots", get("t"), 4 * k))} ${set(`g${lane}`, loadWord("groups", get("t"), 4 * k))}`).join("\n      ")}
      ${eachRow(layout, lanes, bodyOf(lanes))}
      ${set("t", add(get("t"), `(i32.const ${lanes.length})`))}`;
  return `
  (func (export "${name}") ${declared}
    ${[...locals, ...laneLocals].map((local) => `(local $${local} i32)`).join(" ")}
    (block $done4 (loop $fours
      (br_if $done4 (i32.gt_u ${add(get("t"), "(i32.const 4)")} ${get("trees")}))
      ${pass(LANES)}
      (br $fours)))
    (block $done (loop $ones
      (br_if $done (i32.ge_u ${get("t")} ${get("trees")}))
      ${pass(["a"])}
      (br $ones))))`;
}

/** The text of the module. */
export function kernelText(): string {
  const functions = Object.entries(LAYOUTS).flatMap(([kind, layout]) => {
    const { float } = layout;
    const addLeaf = (lane: string) => {
      const at = add(get("o"), get(`g${lane}`));
      return `(${float}.store ${at} (${float}.add (${float}.load ${at}) (${float}.load ${get(lane)})))`;
    };
    return [
      walk(`sum_${kind}`, layout, (lanes) => lanes.map(addLeaf).join("\n        ")),
      walk(`find_${kind}`, layout, (lanes) =>
        lanes
          .map((lane) => `(i32.store ${add(get("o"), get(`g${lane}`))} ${get(lane)})`)
          .join("\n        "),
      ),
    ];
  });
  return `(module\n  (import "host" "memory" (memory 1 65536 shared))${functions.join("")})\n`;
}
