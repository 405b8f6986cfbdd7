import { rowAnalysis, type Tensor } from "@serving-kit/inference";
import type { NodeDef, NodeValue, TensorProto } from "../proto/messages.js";
import { tensorProtoType, valueEntryType } from "../proto/schema.js";
import { shapeOf, tensorFromProto } from "../proto/tensor-proto.js";

const { extentsOf, numberOf } = rowAnalysis;
type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

/** Larger constants are not read: axes, extents and permutations are short. */
const MAX_CONSTANT_BYTES = 4096;

/** A node with the known row structure of its inputs. */
export class OpView {
  readonly node: NodeDef;
  readonly inputs: readonly RowValue[];
  #attributes: ReadonlyMap<string, NodeValue> | undefined;

  constructor(node: NodeDef, inputs: readonly RowValue[]) {
    this.node = node;
    this.inputs = inputs;
  }

  /** Returns an input; a mixed value if it does not exist. */
  input(index: number): RowValue {
    return this.inputs[index] ?? rowAnalysis.mixed("an input is missing");
  }

  /** Returns an integer attribute. Files may omit attributes that have their default value. */
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

  /** Returns the name of the function in an attribute. */
  fn(name: string): string | undefined {
    return this.#attribute(name)?.func?.name;
  }

  /** Returns the names of the functions in a list attribute. */
  fns(name: string): readonly string[] {
    return this.#attribute(name)?.list?.func.map((one) => one.name) ?? [];
  }

  /** Returns the extents of a shape attribute; undefined if the rank is unknown. */
  shape(name: string): readonly Extent[] | undefined {
    const value = this.#attribute(name);
    const shape = value && shapeOf(value.shape);
    return shape ? extentsOf(shape) : undefined;
  }

  /** Returns the extents of an output that the exporter declared; undefined if the file does not have them. */
  declared(output: number): readonly Extent[] | undefined {
    const shapes = this.#attribute("_output_shapes")?.list?.shape;
    const shape = shapes?.[output] && shapeOf(shapes[output]);
    return shape ? extentsOf(shape) : undefined;
  }

  /** Returns the short tensor of an attribute. */
  tensor(name: string): Tensor | undefined {
    const bytes = this.#attribute(name)?.tensor;
    if (bytes === undefined || bytes.length > MAX_CONSTANT_BYTES) return undefined;
    const proto = tensorProtoType.decode(bytes) as unknown as TensorProto;
    return tensorFromProto(proto);
  }

  /** Returns the integers of an input, such as axes; undefined if they are not known numbers. */
  numbers(index: number): readonly number[] | undefined {
    const numbers = this.extents(index)?.map(numberOf);
    return numbers?.includes(undefined) ? undefined : (numbers as number[] | undefined);
  }

  /** Returns the integer of an input. */
  number(index: number): number | undefined {
    const numbers = this.numbers(index);
    return numbers?.length === 1 ? numbers[0] : undefined;
  }

  /** Returns the integers of an input as extents. */
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
