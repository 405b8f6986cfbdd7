import { rowAnalysis } from "@serving-kit/inference";
import { WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import type { GraphNode } from "../file/read-node.js";
import { readConstant } from "./read-graph-rows.js";

const { literal, mixed, numberOf } = rowAnalysis;
type Extent = rowAnalysis.Extent;
type FixedValue = rowAnalysis.FixedValue;
type RowValue = rowAnalysis.RowValue;

const bytes = (field: number) => (field << 3) | WIRE.bytes;
const varint = (field: number) => (field << 3) | WIRE.varint;

interface Attribute {
  integer: number | undefined;
  integers: number[];
  text: string | undefined;
  tensor: FixedValue | undefined;
}

/** A node with the known row structure of its inputs. */
export class NodeRows {
  readonly operator: string;
  /** Undefined for an optional input that is absent. */
  readonly inputs: readonly (RowValue | undefined)[];
  /** The version of the default ONNX operator set. */
  readonly opset: number;
  readonly #attributes: ReadonlyMap<string, Attribute>;

  constructor(
    { operator, attributes }: GraphNode,
    inputs: readonly (RowValue | undefined)[],
    opset: number,
  ) {
    this.operator = operator;
    this.inputs = inputs;
    this.opset = opset;
    this.#attributes = new Map(attributes.map((attribute) => readAttribute(attribute)));
  }

  /** Returns an input; a mixed value if it is absent. */
  input(index: number): RowValue {
    return this.inputs[index] ?? mixed("an input is missing");
  }

  /** Returns the inputs that are present. */
  given(): readonly RowValue[] {
    return this.inputs.filter((value) => value !== undefined);
  }

  /** Returns an integer attribute. */
  integer(name: string, otherwise: number): number {
    return this.#attributes.get(name)?.integer ?? otherwise;
  }

  /** Returns a list of integers; undefined if the attribute is absent. */
  integers(name: string): readonly number[] | undefined {
    return this.#attributes.get(name)?.integers;
  }

  text(name: string): string | undefined {
    return this.#attributes.get(name)?.text;
  }

  /** Returns the value of a Constant node. */
  constant(): FixedValue | undefined {
    const one = this.#attributes.get("value_int")?.integer;
    if (one !== undefined) return rowAnalysis.fixed([], [literal(one)]);
    const many = this.#attributes.get("value_ints")?.integers;
    if (many) return rowAnalysis.fixed([literal(many.length)], many.map(literal));
    return this.#attributes.get("value")?.tensor;
  }

  /** Returns the integers of an input as extents. */
  extents(index: number): readonly Extent[] | undefined {
    const value = this.inputs[index];
    return value?.kind === "fixed" ? value.elements : undefined;
  }

  /** Returns the integers of an input, if all are known numbers. */
  numbers(index: number): readonly number[] | undefined {
    const known = this.extents(index)?.map(numberOf);
    return known?.includes(undefined) ? undefined : (known as number[] | undefined);
  }

  /** Returns the axes in an attribute or, in newer operator sets, in an input. */
  axes(input: number): readonly number[] | undefined {
    return this.integers("axes") ?? this.numbers(input);
  }
}

function readAttribute(content: Uint8Array): [name: string, attribute: Attribute] {
  const reader = new WireReader(content);
  const attribute: Attribute = {
    integer: undefined,
    integers: [],
    text: undefined,
    tensor: undefined,
  };
  let name = "";
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) name = reader.string();
    else if (tag === varint(3)) attribute.integer = Number(reader.int64());
    else if (tag === bytes(4)) attribute.text = reader.string();
    else if (tag === bytes(5)) [, attribute.tensor] = readConstant(reader.message());
    else if (tag === varint(8)) attribute.integers.push(Number(reader.int64()));
    else if (tag === bytes(8)) {
      const packed = reader.message();
      while (packed.hasMore) attribute.integers.push(Number(packed.int64()));
    } else reader.skip(tag);
  }
  return [name, attribute];
}
