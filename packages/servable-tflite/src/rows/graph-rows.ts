import { messageOf } from "@serving-kit/core";
import { type RowVerdict, rowAnalysis } from "@serving-kit/inference";
import type { Graph, GraphTensor, Operator, Subgraph } from "../graph/graph.js";
import type { ModelSignature } from "../model-signature.js";
import { OPERATOR_RULES } from "./operator-rules.js";

const { conclude, extentsOf, fixed, isRows, literal, mixed, NUMBER_OF_ROWS, rows, symbol } =
  rowAnalysis;
type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

/** Longer constants are not read: axes, extents and permutations are short. */
const MAX_ELEMENTS = 64;

const unknown = (reason: string): RowVerdict => ({ verdict: "unknown", reason });

/** Returns the verdict on a signature from its subgraph's operators. Dimension 0 of each input counts rows. */
export function verdictOf(graph: Graph, signature: ModelSignature): RowVerdict {
  try {
    return follow(graph, signature);
  } catch (error) {
    return unknown(`its graph cannot be examined: ${messageOf(error)}`);
  }
}

function follow(
  graph: Graph,
  { subgraph: number, inputs, outputs, examples }: ModelSignature,
): RowVerdict {
  const subgraph = graph.subgraphs[number];
  if (subgraph === undefined) return unknown("its subgraph is missing");
  if (examples?.length) return unknown("it parses examples");
  const values = new Map<number, RowValue>();
  for (const tensor of subgraph.tensors) {
    if (tensor.isVariable) return unknown("it has variables");
    if (tensor.data !== undefined) values.set(tensor.index, constantOf(tensor, tensor.data));
  }
  for (const { name, index, spec } of inputs) {
    const place = subgraph.inputs[index];
    if (place !== undefined) values.set(place, inputValue(name, spec.shape));
  }
  for (const operator of subgraph.operators) run(operator, subgraph, values);
  return conclude(
    new Map(outputs.map(({ name, index }) => [name, values.get(subgraph.outputs[index] ?? -1)])),
  );
}

function run(operator: Operator, subgraph: Subgraph, values: Map<number, RowValue>): void {
  const { name, options } = operator;
  const inputs = operator.inputs.map((place) =>
    place < 0 ? undefined : (values.get(place) ?? mixed("nothing computes an input")),
  );
  const outputs = operator.outputs.map((place) => subgraph.tensors[place]);
  const rule = OPERATOR_RULES.get(name);
  const bad = inputs.find((value) => value?.kind === "mixed");
  const value = rule
    ? rule({ name, options, inputs, outputs })
    : mixed("it is not known to keep rows apart");
  for (const [i, place] of operator.outputs.entries()) {
    const known =
      inputs.includes(value) && value.kind === "mixed" ? value : located(value, name, outputs[i]);
    values.set(place, rule === undefined && bad ? bad : refined(known, outputs[i]));
  }
}

/** Adds the location to a value that becomes mixed here. */
function located(value: RowValue, operator: string, output: GraphTensor | undefined): RowValue {
  if (value.kind !== "mixed") return value;
  return mixed(`operator ${operator} of tensor "${output?.name ?? ""}": ${value.reason}`);
}

function inputValue(name: string, shape: readonly number[] | null): RowValue {
  if (shape === null) return mixed(`the rank of input "${name}" is not known`);
  const extents = shape.map((extent, i): Extent => {
    if (i === 0) return NUMBER_OF_ROWS;
    return extent >= 0 ? literal(extent) : symbol(`${name}:${i}`);
  });
  return rows(0, extents);
}

function constantOf({ shape, type }: GraphTensor, data: Uint8Array): RowValue {
  const count = shape.reduce((all, extent) => all * extent, 1);
  const width = type?.name === "INT32" ? 4 : type?.name === "INT64" ? 8 : 0;
  if (width === 0 || count > MAX_ELEMENTS || data.byteLength < count * width) {
    return fixed(extentsOf(shape));
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const elements = Array.from({ length: count }, (_, i) =>
    literal(width === 4 ? view.getInt32(4 * i, true) : Number(view.getBigInt64(8 * i, true))),
  );
  return fixed(extentsOf(shape), elements);
}

/** Refines a value with the extents in the file. */
function refined(value: RowValue, tensor: GraphTensor | undefined): RowValue {
  if (tensor === undefined) return value;
  const { shape, shapeSignature } = tensor;
  const declared = extentsOf(shapeSignature.length > 0 ? shapeSignature : shape);
  if (value.kind === "fixed") return value.shape ? value : { ...value, shape: declared };
  if (!isRows(value) || declared.length !== value.shape.length) return value;
  return rows(
    value.axis,
    value.shape.map((extent, i) => (extent.isOpen ? (declared[i] as Extent) : extent)),
  );
}
