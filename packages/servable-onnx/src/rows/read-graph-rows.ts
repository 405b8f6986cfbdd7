import { rowAnalysis } from "@serving-kit/inference";
import { WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import type { GraphValue } from "../file/model-facts.js";
import { type GraphNode, readNode } from "../file/read-node.js";
import { readValue } from "../file/read-value.js";

const { extentsOf, fixed, literal } = rowAnalysis;

const bytes = (field: number) => (field << 3) | WIRE.bytes;
const varint = (field: number) => (field << 3) | WIRE.varint;

/** The parts of a graph that the analysis of rows needs. */
export interface GraphOfRows {
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, rowAnalysis.FixedValue>;
  /** The shapes that the file declares for values, by name. */
  readonly shapes: ReadonlyMap<string, GraphValue["shape"]>;
}

/** Reads the graph of an ONNX file. */
export function readGraphOfRows(file: Uint8Array): GraphOfRows {
  const reader = new WireReader(file);
  const nodes: GraphNode[] = [];
  const constants = new Map<string, rowAnalysis.FixedValue>();
  const shapes = new Map<string, GraphValue["shape"]>();
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag !== bytes(7)) reader.skip(tag);
    else readGraph(reader.message(), nodes, constants, shapes);
  }
  return { nodes, constants, shapes };
}

function readGraph(
  reader: WireReader,
  nodes: GraphNode[],
  constants: Map<string, rowAnalysis.FixedValue>,
  shapes: Map<string, GraphValue["shape"]>,
): void {
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) nodes.push(readNode(reader.message()));
    else if (tag === bytes(5)) constants.set(...readConstant(reader.message()));
    else if (tag === bytes(13) || tag === bytes(12)) {
      const { name, shape } = readValue(reader.message());
      shapes.set(name, shape);
    } else reader.skip(tag);
  }
}

/** `TensorProto.DataType` of int32 and int64. */
const INT32 = 6;
const INT64 = 7;
/** Longer constants are not read: axes, extents and permutations are short. */
const MAX_ELEMENTS = 64;

/** Reads a `TensorProto`: its extents, and its elements if they are a few integers. */
export function readConstant(reader: WireReader): [name: string, value: rowAnalysis.FixedValue] {
  const dims: number[] = [];
  const integers: number[] = [];
  let name = "";
  let type = 0;
  let raw: Uint8Array | undefined;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === varint(1)) dims.push(Number(reader.int64()));
    else if (tag === bytes(1)) readIntegers(reader.message(), dims);
    else if (tag === varint(2)) type = reader.uint32();
    else if (tag === bytes(5) || tag === bytes(7)) readIntegers(reader.message(), integers);
    else if (tag === varint(5) || tag === varint(7)) integers.push(Number(reader.int64()));
    else if (tag === bytes(8)) name = reader.string();
    else if (tag === bytes(9)) raw = reader.content();
    else reader.skip(tag);
  }
  const count = dims.reduce((all, extent) => all * extent, 1);
  const isRead = (type === INT32 || type === INT64) && count <= MAX_ELEMENTS;
  const elements = isRead ? (integersOf(raw, type) ?? integers) : undefined;
  const isWhole = elements?.length === count;
  return [name, fixed(extentsOf(dims), isWhole ? elements?.map(literal) : undefined)];
}

function readIntegers(reader: WireReader, into: number[]): void {
  while (reader.hasMore) into.push(Number(reader.int64()));
}

function integersOf(raw: Uint8Array | undefined, type: number): number[] | undefined {
  if (raw === undefined) return undefined;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const width = type === INT64 ? 8 : 4;
  return Array.from({ length: Math.floor(raw.byteLength / width) }, (_, i) =>
    type === INT64 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  );
}
