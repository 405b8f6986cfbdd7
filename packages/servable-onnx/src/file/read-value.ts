import { WIRE, type WireReader } from "@serving-kit/tensorflow-wire";
import type { GraphValue } from "./model-facts.js";

const bytes = (field: number) => (field << 3) | WIRE.bytes;
const varint = (field: number) => (field << 3) | WIRE.varint;

type TypeFacts = Pick<GraphValue, "kind" | "elementType" | "shape">;

const UNKNOWN: TypeFacts = { kind: "unknown", elementType: 0, shape: null };

/** The kinds of a `TypeProto`, by field number. */
const KINDS = new Map<number, GraphValue["kind"]>([
  [bytes(1), "tensor"],
  [bytes(4), "sequence"],
  [bytes(5), "map"],
  [bytes(8), "sparse tensor"],
  [bytes(9), "optional"],
]);

/** Reads a `ValueInfoProto`. @throws ServingError MESSAGE_INVALID if the bytes are not a message. */
export function readValue(reader: WireReader): Omit<GraphValue, "hasDefault"> {
  let name = "";
  let type = UNKNOWN;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) name = reader.string();
    else if (tag === bytes(2)) type = readType(reader.message());
    else reader.skip(tag);
  }
  return { name, ...type };
}

function readType(reader: WireReader): TypeFacts {
  let type = UNKNOWN;
  while (reader.hasMore) {
    const tag = reader.tag();
    const kind = KINDS.get(tag);
    if (kind === "tensor") type = readTensorType(reader.message());
    else {
      if (kind !== undefined) type = { ...UNKNOWN, kind };
      reader.skip(tag);
    }
  }
  return type;
}

function readTensorType(reader: WireReader): TypeFacts {
  let elementType = 0;
  let shape: readonly number[] | null = null;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === varint(1)) elementType = reader.uint32();
    else if (tag === bytes(2)) shape = readShape(reader.message());
    else reader.skip(tag);
  }
  return { kind: "tensor", elementType, shape };
}

function readShape(reader: WireReader): readonly number[] {
  const shape: number[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) shape.push(readExtent(reader.message()));
    else reader.skip(tag);
  }
  return shape;
}

/** Returns the extent of a dimension, -1 if it is a symbol or not a valid extent. */
function readExtent(reader: WireReader): number {
  let extent = -1;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === varint(1)) extent = Number(reader.int64());
    else reader.skip(tag);
  }
  return Number.isSafeInteger(extent) && extent >= 0 ? extent : -1;
}
