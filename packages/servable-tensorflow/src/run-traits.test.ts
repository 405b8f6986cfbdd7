import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { GraphDef } from "./proto/messages.js";
import { graphDefTextType, graphDefType } from "./proto/schema.js";
import { type RunTraits, RunTraitsReader } from "./run-traits.js";
import { readSavedModel } from "./saved-model.js";
import { signatureRuns } from "./signature-runs.js";

type Node = readonly [name: string, op: string, input?: readonly string[], attr?: object];

const nodes = (list: readonly Node[]) =>
  list.map(([name, op, input = [], attr = {}]) => ({ name, op, input, attr }));

/** A function `f(a, b)` with these nodes that returns the tensor `y`. */
const f = (...list: readonly Node[]) => ({
  signature: { name: "f", inputArg: [{ name: "a" }, { name: "b" }] },
  nodeDef: nodes(list),
  ret: { y: "y:output:0" },
  controlRet: {},
});
const calls = { f: { func: { name: "f" } } };

/** Returns the traits of a run that feeds `x` and fetches `y`; `c` is a constant. */
function traits(list: readonly Node[], functions: readonly object[] = []): string {
  const graph = graphDefTextType.fromObject({
    node: nodes([["x", "Placeholder"], ["c", "Const"], ...list]),
    library: { function: functions },
  });
  const bytes = graphDefTextType.encode(graph).finish();
  const reader = new RunTraitsReader(graphDefType.decode(bytes) as unknown as GraphDef);
  return wordsOf(reader.read({ fed: ["x:0"], fetched: ["y:0"] }));
}

const wordsOf = ({ hasControlFlow, hasOpenRunTime, movesState }: RunTraits) =>
  [hasControlFlow && "control flow", hasOpenRunTime && "open", movesState && "state"]
    .filter(Boolean)
    .join(", ");

describe("RunTraitsReader", () => {
  it.each<[string, string, readonly Node[], ...object[]]>([
    ["arithmetic", "", [["y", "Add", ["x", "c"]]]],
    ["a loop that the output needs", "control flow, open", [["y", "While", ["x"]]]],
    [
      "a loop that the output does not need",
      "",
      [
        ["loop", "While", ["x"]],
        ["y", "Add", ["x", "c"]],
      ],
    ],
    ["a list", "open", [["y", "TensorListStack", ["x"]]]],
    ["a size that is a constant", "", [["y", "Tile", ["x", "c"]]]],
    ["a size that is an input", "open", [["y", "Tile", ["c", "x"]]]],
    [
      "a size that is computed from the shape of an input",
      "",
      [
        ["s", "Shape", ["x"]],
        ["y", "Fill", ["s", "x"]],
      ],
    ],
    [
      "a size that is computed from an input",
      "open",
      [
        ["s", "Mul", ["x:0", "c"]],
        ["y", "Range", ["c", "s", "c"]],
      ],
    ],
    ["an image that is decoded", "open", [["y", "DecodePng", ["x"]]]],
    ["a variable that is assigned", "state", [["y", "AssignAddVariableOp", ["c", "x"]]]],
    [
      "a variable that is assigned first",
      "state",
      [
        ["set", "AssignVariableOp", ["c", "x"]],
        ["y", "Identity", ["x", "^set"]],
      ],
    ],
    [
      "a function with a size that is an argument",
      "open",
      [["y", "PartitionedCall", ["c", "x"], calls]],
      f(["y", "Fill", ["b", "a"]]),
    ],
    [
      "a function with a size that is a constant argument",
      "",
      [["y", "PartitionedCall", ["x", "c"], calls]],
      f(["y", "Fill", ["b", "a"]]),
    ],
    [
      "a function with a branch",
      "control flow, open",
      [["y", "PartitionedCall", ["x", "c"], calls]],
      f(["y", "If", ["a", "b"]]),
    ],
    [
      "a function that calls itself",
      "",
      [["y", "PartitionedCall", ["x", "c"], calls]],
      f(["y", "PartitionedCall", ["a", "b"], calls]),
    ],
    [
      "a function by its own name",
      "state",
      [["y", "f", ["x", "c"]]],
      f(["y", "Assign", ["a", "b"]]),
    ],
  ])("%s: %s", (_, expected, list, ...functions) => {
    expect(traits(list, functions)).toBe(expected);
  });

  it.each([
    ["zoo/trouble", { serving_default: "control flow, open", slow: "control flow, open" }],
    ["zoo/counter", { read: "", serving_default: "state" }],
    ["zoo/keras3", { serve: "", serving_default: "" }],
    ["digits/savedmodel", { serving_default: "" }],
  ])("of the files of %s", async (name, expected) => {
    const path = join(import.meta.dirname, "../../../examples/models", name, "1");
    const [graph] = await readSavedModel(path);
    if (graph === undefined) throw new Error("no graph");
    const reader = new RunTraitsReader(graphDefType.decode(graph.graphDef) as unknown as GraphDef);
    const found = [...signatureRuns(graph)].map(([one, run]) => [one, wordsOf(reader.read(run))]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });
});
