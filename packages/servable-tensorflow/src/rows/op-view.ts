import { rowAnalysis, type Tensor } from "@serving-kit/inference";
import type { NodeDef, NodeValue, TensorProto } from "../proto/messages.js";
import { tensorProtoType, valueEntryType } from "../proto/schema.js";
import { shapeOf, tensorFromProto } from "../proto/tensor-proto.js";

const { extentsOf, numberOf } = rowAnalysis;
type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

/** Larger constants are not read: axes, extents and orders of axes are short. */
const MAX_CONSTANT_BYTES = 4096;

/** A node whose inputs are known as far as rows go. */
export class OpView {
  readonly node: NodeDef;
  readonly inputs: readonly RowValue[];
  #attributes: ReadonlyMap<string, NodeValue> | undefined;

  constructor(node: NodeDef, inputs: readonly RowValue[]) {
    this.node = node;
    this.inputs = inputs;
  }

  /** An input; a mixed value if there is none of the number. */
  input(index: number): RowValue {
    return this.inputs[index] ?? rowAnalysis.mixed("an input is missing");
  }

  /** An integer attribute. Files may leave attributes out that have their default. */
  int(name: string, otherwise: number): number {
    const value = this.#attribute(name);
    return value ? Number(value.i) : otherwise;
  }

  bool(name: string, otherwise: boolean): boolean {
    return this.#attribute(name)?.b ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    const value = this.#attribute(name);
    return value ? new TextDecoder().decode(value.s) : otherwise;
  }

  ints(name: string): readonly number[] {
    return this.#attribute(name)?.list?.i.map(Number) ?? [];
  }

  /** The name of the function that an attribute is. */
  fn(name: string): string | undefined {
    return this.#attribute(name)?.func?.name;
  }

  /** The names of the functions that an attribute lists. */
  fns(name: string): readonly string[] {
    return this.#attribute(name)?.list?.func.map((one) => one.name) ?? [];
  }

  /** The extents of a shape attribute; undefined if the rank is unknown. */
  shape(name: string): readonly Extent[] | undefined {
    const value = this.#attribute(name);
    const shape = value && shapeOf(value.shape);
    return shape ? extentsOf(shape) : undefined;
  }

  /** The extents of an output as the exporter knew them; undefined if the file does not say. */
  declared(output: number): readonly Extent[] | undefined {
    const shapes = this.#attribute("_output_shapes")?.list?.shape;
    const shape = shapes?.[output] && shapeOf(shapes[output]);
    return shape ? extentsOf(shape) : undefined;
  }

  /** The short tensor of an attribute. */
  tensor(name: string): Tensor | undefined {
    const bytes = this.#attribute(name)?.tensor;
    if (bytes === undefined || bytes.length > MAX_CONSTANT_BYTES) return undefined;
    const proto = tensorProtoType.decode(bytes) as unknown as TensorProto;
    return tensorFromProto(proto);
  }

  /** The integers of an input, such as axes; undefined if they are not known numbers. */
  numbers(index: number): readonly number[] | undefined {
    const numbers = this.extents(index)?.map(numberOf);
    return numbers?.includes(undefined) ? undefined : (numbers as number[] | undefined);
  }

  /** The integer of an input. */
  number(index: number): number | undefined {
    const numbers = this.numbers(index);
    return numbers?.length === 1 ? numbers[0] : undefined;
  }

  /** The integers of an input as extents. */
  extents(index: number): readonly Extent[] | undefined {
    const value = this.inputs[index];
    return value?.kind === "fixed" ? value.elements : undefined;
  }

  #attribute(name: string): NodeValue | undefined {
    this.#attributes ??= new Map(
      this.node.attr.map((bytes) => {
        const entry = valueEntryType.decode(bytes) as unknown as { key: string; value: NodeValue };
        return [entry.key, entry.value];
      }),
    );
    return this.#attributes.get(name);
  }
}
