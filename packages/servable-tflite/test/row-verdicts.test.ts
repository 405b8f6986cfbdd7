import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { Graph } from "../src/graph/graph.js";
import { readModelFile } from "../src/model-file.js";
import { verdictOf } from "../src/rows/graph-rows.js";

const digits = fileURLToPath(
  new URL("../../../examples/models/digits/1/model.tflite", import.meta.url),
);

const read = () => readModelFile(readFileSync(digits));
const verdicts = ({ graph, file }: ReturnType<typeof read>) =>
  [...file.signatures.values()].map((signature) => verdictOf(graph, signature));

it("the graph of a .tflite file shows that rows are independent", () => {
  for (const found of verdicts(read())) {
    expect(found).toEqual({ verdict: "independent", reason: "each op keeps rows apart" });
  }
});

it("an operator that is not known to keep rows apart does not", () => {
  const model = read();
  const subgraphs = model.graph.subgraphs.map((subgraph) => ({
    ...subgraph,
    operators: subgraph.operators.map((operator, i) =>
      i === 0 ? { ...operator, name: "SEGMENT_SUM" } : operator,
    ),
  }));
  const graph: Graph = { ...model.graph, subgraphs };
  for (const { verdict, reason } of verdicts({ ...model, graph })) {
    expect(verdict).toBe("unknown");
    expect(reason).toContain("operator SEGMENT_SUM of tensor");
    expect(reason).toContain("it is not known to keep rows apart");
  }
});
