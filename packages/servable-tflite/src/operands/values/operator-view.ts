import type { FlatTable } from "../../flatbuffer.js";
import type { GraphTensor, Operator, Subgraph } from "../../graph/graph.js";
import { type AbstractTensor, unknownTensor } from "./abstract-tensor.js";
import type { Extents } from "./extent.js";

/** An operator with what is known of its inputs. */
export class OperatorView {
  readonly operator: Operator;
  readonly inputs: readonly (AbstractTensor | undefined)[];
  /** The outputs as the file describes them. */
  readonly outputs: readonly (GraphTensor | undefined)[];
  /** The inputs as the file describes them. */
  readonly declared: readonly (GraphTensor | undefined)[];
  /** Tensors of more elements are followed by one range for all. */
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

  /** The same operator with other inputs. */
  with(inputs: readonly AbstractTensor[]): OperatorView {
    return new OperatorView(this.operator, inputs, this.#subgraph, this.limit);
  }

  get name(): string {
    return this.operator.name;
  }

  get options(): FlatTable | undefined {
    return this.operator.options;
  }

  /** An input; one that is absent counts as an unknown one. */
  input(index: number): AbstractTensor {
    return this.inputs[index] ?? unknownTensor("FLOAT32", undefined, false);
  }

  shape(index: number): Extents {
    return this.input(index).shape;
  }

  outputType(index = 0): string {
    return this.outputs[index]?.type?.name ?? "FLOAT32";
  }

  /** Whether all inputs' shapes follow from the shapes and values of the model's inputs. */
  get areShapesExact(): boolean {
    return this.inputs.every((input) => input === undefined || input.isShapeExact);
  }

  /** An output with a shape, and with elements that are not followed. */
  unknown(shape: Extents, isShapeExact = this.areShapesExact, index = 0): AbstractTensor {
    return unknownTensor(this.outputType(index), shape, isShapeExact);
  }
}

/** Computes the outputs of an operator. */
export type Rule = (op: OperatorView) => AbstractTensor[];
