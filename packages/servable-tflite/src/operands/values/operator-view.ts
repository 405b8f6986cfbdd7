import type { FlatTable } from "../../flatbuffer.js";
import type { GraphTensor, Operator, Subgraph } from "../../graph/graph.js";
import { type AbstractTensor, unknownTensor } from "./abstract-tensor.js";
import type { Extents } from "./extent.js";

/** An operator with the known facts about its inputs. */
export class OperatorView {
  readonly operator: Operator;
  readonly inputs: readonly (AbstractTensor | undefined)[];
  /** The outputs as the file describes them. */
  readonly outputs: readonly (GraphTensor | undefined)[];
  /** The inputs as the file describes them. */
  readonly declared: readonly (GraphTensor | undefined)[];
  /** Tensors with more elements are represented by one range for all. */
  readonly limit: number;
  readonly #subgraph: Subgraph;

  constructor(
    operator: Operator,
    inputs: readonly (AbstractTensor | undefined)[],
    subgraph: Subgraph,
    limit: number,
  ) {
    this.operator = operator;
    this.inputs = inputs;
    this.declared = operator.inputs.map((number) => subgraph.tensors[number]);
    this.outputs = operator.outputs.map((number) => subgraph.tensors[number]);
    this.limit = limit;
    this.#subgraph = subgraph;
  }

  /** Returns the same operator with other inputs. */
  with(inputs: readonly AbstractTensor[]): OperatorView {
    return new OperatorView(this.operator, inputs, this.#subgraph, this.limit);
  }

  get name(): string {
    return this.operator.name;
  }

  get options(): FlatTable | undefined {
    return this.operator.options;
  }

  /** Returns an input; an absent input counts as unknown. */
  input(index: number): AbstractTensor {
    return this.inputs[index] ?? unknownTensor("FLOAT32", undefined, false);
  }

  shape(index: number): Extents {
    return this.input(index).shape;
  }

  outputType(index = 0): string {
    return this.outputs[index]?.type?.name ?? "FLOAT32";
  }

  /** True if all inputs' shapes depend only on the shapes and values of the model's inputs. */
  get areShapesExact(): boolean {
    return this.inputs.every((input) => input === undefined || input.isShapeExact);
  }

  /** Returns an output of a shape whose elements are not tracked. */
  unknown(shape: Extents, isShapeExact = this.areShapesExact, index = 0): AbstractTensor {
    return unknownTensor(this.outputType(index), shape, isShapeExact);
  }
}

/** Computes the outputs of an operator. */
export type Rule = (op: OperatorView) => AbstractTensor[];
