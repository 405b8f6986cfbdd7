import { messageOf } from "@serving-kit/core";
import { type RowVerdict, rowAnalysis, type Signature } from "@serving-kit/inference";
import type { ModelFacts } from "../file/model-facts.js";
import { NodeRows } from "./node-rows.js";
import { OPERATOR_RULES } from "./operator-rules.js";
import { type GraphOfRows, readGraphOfRows } from "./read-graph-rows.js";

const { conclude, extentsOf, isRows, literal, mixed, NUMBER_OF_ROWS, rows, symbol } = rowAnalysis;
type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

/** Returns the verdict on a file from its operators. Dimension 0 of each input counts rows. */
export function verdictOfFile(
  file: Uint8Array,
  facts: Pick<ModelFacts, "opsets">,
  signature: Signature,
  outputs: readonly string[],
): RowVerdict {
  try {
    return follow(file, facts, signature, outputs);
  } catch (error) {
    return { verdict: "unknown", reason: `its graph cannot be examined: ${messageOf(error)}` };
  }
}

function follow(
  file: Uint8Array,
  { opsets }: Pick<ModelFacts, "opsets">,
  { inputs }: Signature,
  outputs: readonly string[],
): RowVerdict {
  const graph = readGraphOfRows(file);
  const values = new Map<string, RowValue>(graph.constants);
  for (const [name, { shape }] of inputs) values.set(name, inputValue(name, shape));
  const opset = opsets.get("") ?? opsets.get("ai.onnx") ?? 0;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) =>
      name === "" ? undefined : (values.get(name) ?? mixed("nothing computes an input")),
    );
    const rule = DOMAINS.has(node.domain) ? OPERATOR_RULES.get(node.operator) : undefined;
    const result = rule?.(new NodeRows(node, inputs, opset)) ?? unknownValue(inputs);
    const all = [result].flat() as readonly RowValue[];
    for (const [i, name] of node.outputs.entries()) {
      const value = all.length === 1 ? all[0] : all[i];
      const known = value ?? mixed("it has no such output");
      const isNew = known.kind === "mixed" && !inputs.includes(known);
      const told = isNew ? mixed(`operator ${node.operator} of "${name}": ${known.reason}`) : known;
      values.set(name, refined(told, graph, name));
    }
  }
  return conclude(new Map(outputs.map((name) => [name, values.get(name)])));
}

/** The domains that the operator rules apply to. */
const DOMAINS: ReadonlySet<string> = new Set(["", "ai.onnx", "ai.onnx.ml"]);

/** Returns the value of an unknown operator's outputs; the first reason is reported. */
function unknownValue(inputs: readonly (RowValue | undefined)[]): RowValue {
  const bad = inputs.find((value) => value?.kind === "mixed");
  return bad ?? mixed("it is not known to keep rows apart");
}

function inputValue(name: string, shape: readonly number[] | null): RowValue {
  if (shape === null) return mixed(`the rank of input "${name}" is not known`);
  const extents = shape.map((extent, i): Extent => {
    if (i === 0) return NUMBER_OF_ROWS;
    return extent >= 0 ? literal(extent) : symbol(`${name}:${i}`);
  });
  return rows(0, extents);
}

/** Refines a value with the extents that the file declares. */
function refined(value: RowValue, { shapes }: GraphOfRows, name: string): RowValue {
  const shape = shapes.get(name);
  if (!shape) return value;
  const declared = extentsOf(shape);
  if (value.kind === "fixed") return value.shape ? value : { ...value, shape: declared };
  if (!isRows(value) || declared.length !== value.shape.length) return value;
  return rows(
    value.axis,
    value.shape.map((extent, i) => (extent.isOpen ? (declared[i] as Extent) : extent)),
  );
}
