import { describe, expect, it } from "vitest";
import type { GraphDef } from "../proto/messages.js";
import { graphDefTextType, graphDefType } from "../proto/schema.js";
import { VariableUses } from "./variable-use.js";

type Node = readonly [name: string, op: string, input?: readonly string[], attr?: object];

const nodes = (list: readonly Node[]) =>
  list.map(([name, op, input = [], attr = {}]) => ({ name, op, input, attr }));

const func = (name: string) => ({ func: { name } });

/** A function `name(args)` whose body has these nodes and returns these tensors. */
const body = (name: string, args: string[], list: readonly Node[], ret = {}, controlRet = {}) => ({
  signature: { name, inputArg: args.map((arg) => ({ name: arg })) },
  ...{ nodeDef: nodes(list), ret, controlRet },
});

/** Returns how the variable `v`, and a reference `r`, are used if `fetched` is computed. */
function use(
  list: readonly Node[],
  functions: readonly object[] = [],
  { fetched = ["y:0"], fed = ["x:0"] } = {},
): string {
  const graph = graphDefTextType.fromObject({
    node: nodes([["v", "VarHandleOp"], ["r", "VariableV2"], ["x", "Placeholder"], ...list]),
    library: { function: functions },
  });
  const bytes = graphDefTextType.encode(graph).finish();
  const uses = new VariableUses(graphDefType.decode(bytes) as unknown as GraphDef);
  const variables = [
    { name: "v", op: "VarHandleOp" },
    { name: "r", op: "VariableV2" },
  ];
  const found = variables.flatMap((variable) => {
    const use = uses.use(variable, [{ fed, fetched }]);
    return [
      ...(use.isRead ? [`reads ${variable.name}`] : []),
      ...(use.isAssigned ? [`${use.isAlwaysAssigned ? "" : "may "}assign ${variable.name}`] : []),
    ];
  });
  return found.join(", ");
}

const reads = body("reads", ["a", "b"], [["read", "ReadVariableOp", ["b"]]], { y: "read:value:0" });
const dead = body("dead", ["a"], [["read", "ReadVariableOp", ["a"]]], {});
const assigns = body(
  "assigns",
  ["a", "value"],
  [["set", "AssignVariableOp", ["a", "value"]]],
  {},
  { set: "set" },
);
const nested = body(
  "nested",
  ["a"],
  [
    ["same", "IdentityN", ["a", "a"]],
    ["call", "PartitionedCall", ["a", "same:output:1"], { f: func("reads") }],
  ],
  { y: "call:output:0" },
);
const endless = body(
  "endless",
  ["a"],
  [["call", "StatefulPartitionedCall", ["a"], { f: func("endless") }]],
  { y: "call:output:0" },
);

describe("VariableUses", () => {
  it.each<[string, string, readonly Node[], (readonly object[])?]>([
    ["nothing", "", [["y", "Neg", ["x"]]]],
    ["a read", "reads v", [["y", "ReadVariableOp", ["v"]]]],
    [
      "a read that nothing fetches",
      "",
      [
        ["y", "Neg", ["x"]],
        ["z", "ReadVariableOp", ["v"]],
      ],
    ],
    ["a question", "", [["y", "VarIsInitializedOp", ["v"]]]],
    ["a handle that is given out", "", [["y", "Identity", ["v"]]]],
    [
      "a read by control flow",
      "reads v",
      [
        ["c", "Merge", ["s:1"]],
        ["s", "Switch", ["v", "x"]],
        ["y", "ReadVariableOp", ["c"]],
      ],
    ],
    [
      "the other of two handles",
      "",
      [
        ["n", "IdentityN", ["v", "x"]],
        ["y", "Neg", ["n:1"]],
      ],
    ],
    ["an assignment", "assign v", [["y", "AssignVariableOp", ["v", "x"]]]],
    [
      "an assignment that goes before",
      "assign v",
      [
        ["a", "AssignVariableOp", ["v", "x"]],
        ["y", "Neg", ["x", "^a"]],
      ],
    ],
    ["a read of a reference", "reads r", [["y", "Identity", ["r"]]]],
    ["an assignment of a reference", "assign r", [["y", "Assign", ["r:0", "x"]]]],
    [
      "a reference that goes on",
      "may assign r",
      [
        ["e", "RefEnter", ["r"]],
        ["y", "Assign", ["e", "x"]],
      ],
    ],
    [
      "an op that is not known",
      "reads v",
      [["y", "MapDataset", ["x", "v"], { f: func("assigns") }]],
      [assigns],
    ],
    [
      "a function's second argument",
      "reads v",
      [["y", "PartitionedCall", ["x", "v"], { f: func("reads") }]],
      [reads],
    ],
    [
      "an argument that a function leaves",
      "",
      [["y", "PartitionedCall", ["v", "x"], { f: func("reads") }]],
      [reads],
    ],
    [
      "a node of a function that does not run",
      "",
      [["y", "PartitionedCall", ["v"], { f: func("dead") }]],
      [dead],
    ],
    ["a function by its name", "reads v", [["y", "reads", ["x", "v"]]], [reads]],
    [
      "a function in a function",
      "reads v",
      [["y", "StatefulPartitionedCall", ["v"], { f: func("nested") }]],
      [nested, reads],
    ],
    [
      "a function that calls itself",
      "",
      [["y", "StatefulPartitionedCall", ["v"], { f: func("endless") }]],
      [endless],
    ],
    [
      "either branch",
      "may assign v",
      [["y", "If", ["x", "v", "x"], { then_branch: func("dead"), else_branch: func("assigns") }]],
      [dead, assigns],
    ],
    [
      "one of several branches",
      "reads v",
      [
        [
          "y",
          "Case",
          ["x", "x", "v"],
          { branches: { list: { func: [{ name: "dead" }, { name: "reads" }] } } },
        ],
      ],
      [dead, reads],
    ],
    [
      "an argument that the function does not have",
      "reads v",
      [["y", "PartitionedCall", ["x", "x", "v"], { f: func("reads") }]],
      [reads],
    ],
  ])("finds %s: %j", (_, expected, list, functions) => {
    expect(use(list, functions)).toBe(expected);
  });

  it("stops at what is fed", () => {
    const list: readonly Node[] = [
      ["w", "ReadVariableOp", ["v"]],
      ["y", "Neg", ["w"]],
    ];
    expect(use(list)).toBe("reads v");
    expect(use(list, [], { fed: ["w"], fetched: ["y:0"] })).toBe("");
  });
});
