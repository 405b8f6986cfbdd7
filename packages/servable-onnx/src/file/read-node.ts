import { WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import type { ClassLabels } from "./model-facts.js";

/** The parts of a graph's node that the kit reads. */
export interface GraphNode {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly operator: string;
  /** The domain of the operator; "" is the default ONNX domain. */
  readonly domain: string;
  /** The serialized attributes. */
  readonly attributes: readonly Uint8Array[];
}

/** Maximum nesting of subgraphs to read. ONNX Runtime rejects deeper nesting. */
const MAX_DEPTH = 64;

const bytes = (field: number) => (field << 3) | WIRE.bytes;
const varint = (field: number) => (field << 3) | WIRE.varint;

/** Reads a `NodeProto`. @throws ServingError MESSAGE_INVALID if the bytes are not a message. */
export function readNode(reader: WireReader): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Uint8Array[] = [];
  let operator = "";
  let domain = "";
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) inputs.push(reader.string());
    else if (tag === bytes(2)) outputs.push(reader.string());
    else if (tag === bytes(4)) operator = reader.string();
    else if (tag === bytes(7)) domain = reader.string();
    else if (tag === bytes(5)) attributes.push(reader.content());
    else reader.skip(tag);
  }
  return { inputs, outputs, operator, domain, attributes };
}

/** Counts the operators of a node and of its subgraphs, such as the branches of If. */
export function countOperators(node: GraphNode, counts: Map<string, number>, depth = 0): void {
  counts.set(node.operator, (counts.get(node.operator) ?? 0) + 1);
  if (depth === MAX_DEPTH) return;
  for (const attribute of node.attributes) {
    const reader = new WireReader(attribute);
    while (reader.hasMore) {
      const tag = reader.tag();
      const isGraph = tag === bytes(6) || tag === bytes(11);
      if (isGraph) countInGraph(reader.message(), counts, depth + 1);
      else reader.skip(tag);
    }
  }
}

function countInGraph(graph: WireReader, counts: Map<string, number>, depth: number): void {
  while (graph.hasMore) {
    const tag = graph.tag();
    if (tag === bytes(1)) countOperators(readNode(graph.message()), counts, depth);
    else graph.skip(tag);
  }
}

/** Returns the labels of a ZipMap node: its attribute `classlabels_int64s` or `classlabels_strings`. */
export function classLabels({ attributes }: GraphNode): ClassLabels {
  let labels: ClassLabels = { dtype: "int64", values: [] };
  for (const attribute of attributes) {
    const { integers, strings } = readLists(new WireReader(attribute));
    if (strings.length > 0) labels = { dtype: "string", values: strings };
    else if (integers.length > 0) labels = { dtype: "int64", values: integers };
  }
  return labels;
}

function readLists(reader: WireReader) {
  const integers: bigint[] = [];
  const strings: Uint8Array[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === varint(8)) integers.push(reader.int64());
    else if (tag === bytes(8)) {
      const packed = reader.message();
      while (packed.hasMore) integers.push(packed.int64());
    } else if (tag === bytes(9)) strings.push(reader.content().slice());
    else reader.skip(tag);
  }
  return { integers, strings };
}
