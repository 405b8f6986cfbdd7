import { type Graph, NO_TENSOR, type Operator, type Subgraph } from "../graph/graph.js";
import { constantOf } from "./constants.js";
import { runComposite, runIf, runLoop, subgraphsOf } from "./control-flow.js";
import { ruleOf } from "./rules/index.js";
import { type AbstractTensor, unknownTensor } from "./values/abstract-tensor.js";
import { arePossible } from "./values/extent.js";
import { OperatorView } from "./values/operator-view.js";

/** Called with each operator that is reached, and everything that is known of its inputs. */
export type Visit = (
  op: OperatorView,
  subgraph: Subgraph,
  outputs: readonly AbstractTensor[],
) => void;

/** Tensors of a subgraph by number, as far as they are computed. */
export type Tensors = (AbstractTensor | undefined)[];

/**
 * An abstract interpreter: propagates shapes and ranges of elements through a graph. The results hold for every run
 * whose inputs satisfy the given facts.
 */
export class Evaluator {
  readonly #graph: Graph;
  readonly #limit: number;
  readonly #constants = new Map<Subgraph, Tensors>();
  #visit: Visit | undefined;
  #depth = 0;
  #steps = 0;

  /** Tensors of more than `limit` elements are represented by one range for all elements. */
  constructor(graph: Graph, limit: number) {
    this.#graph = graph;
    this.#limit = limit;
  }

  /** Returns the tensors of a subgraph for some inputs. */
  run(subgraph: Subgraph, inputs: readonly AbstractTensor[], visit: Visit | undefined): Tensors {
    if (++this.#depth > MAX_DEPTH) throw new RangeError("its subgraphs call each other endlessly");
    const tensors = this.start(subgraph, inputs);
    this.continue(subgraph, tensors, subgraph.operators, visit);
    this.#depth--;
    return tensors;
  }

  /** Returns the constants and the inputs. */
  start(subgraph: Subgraph, inputs: readonly AbstractTensor[]): Tensors {
    const tensors = [...this.#constantsOf(subgraph)];
    for (const [i, number] of subgraph.inputs.entries()) tensors[number] = inputs[i];
    return tensors;
  }

  /** Computes the outputs of operators into `tensors`. */
  continue(
    subgraph: Subgraph,
    tensors: Tensors,
    operators: readonly Operator[],
    visit: Visit | undefined,
  ): void {
    const outer = this.#visit;
    this.#visit = visit;
    for (const operator of operators) this.#step(subgraph, tensors, operator);
    this.#visit = outer;
  }

  /** Returns the tensor with a number, even if no operator has computed it. */
  tensor(subgraph: Subgraph, tensors: Tensors, number: number): AbstractTensor {
    const type = subgraph.tensors[number]?.type?.name ?? "FLOAT32";
    return tensors[number] ?? unknownTensor(type, undefined, false);
  }

  /** Returns the outputs of a subgraph, without visiting its operators. */
  outputs(subgraph: Subgraph, inputs: readonly AbstractTensor[]): AbstractTensor[] {
    return this.#nested(subgraph, inputs, undefined);
  }

  /** Returns the outputs and visits the operators. Use it if the inputs hold for every run. */
  visited(subgraph: Subgraph, inputs: readonly AbstractTensor[]): AbstractTensor[] {
    return this.#nested(subgraph, inputs, this.#visit);
  }

  subgraph(index: number): Subgraph | undefined {
    return this.#graph.subgraphs[index];
  }

  #nested(
    subgraph: Subgraph,
    inputs: readonly AbstractTensor[],
    visit: Visit | undefined,
  ): AbstractTensor[] {
    const tensors = this.run(subgraph, inputs, visit);
    return subgraph.outputs.map((number) => this.tensor(subgraph, tensors, number));
  }

  #step(subgraph: Subgraph, tensors: Tensors, operator: Operator): void {
    if (++this.#steps > MAX_STEPS) throw new RangeError("its loops are nested too deeply");
    const inputs = operator.inputs.map((number) =>
      number === NO_TENSOR ? undefined : this.tensor(subgraph, tensors, number),
    );
    const op = new OperatorView(operator, inputs, subgraph, this.#limit);
    const outputs = this.#outputsOf(op).map(possible);
    this.#visit?.(op, subgraph, outputs);
    for (const [i, number] of operator.outputs.entries()) {
      if (number !== NO_TENSOR) tensors[number] = outputs[i];
    }
  }

  #outputsOf(op: OperatorView): readonly AbstractTensor[] {
    if (op.name === "WHILE") return runLoop(this, op);
    if (op.name === "IF") return runIf(this, op);
    if (op.name === "STABLEHLO_COMPOSITE") return runComposite(this, op);
    for (const index of subgraphsOf(op)) {
      const nested = this.subgraph(index);
      if (nested !== undefined) this.visited(nested, unknownInputs(nested));
    }
    return ruleOf(op.name)(op);
  }

  #constantsOf(subgraph: Subgraph): Tensors {
    const made =
      this.#constants.get(subgraph) ??
      subgraph.tensors.map((tensor) =>
        tensor.data === undefined ? undefined : constantOf(tensor, tensor.data),
      );
    this.#constants.set(subgraph, made);
    return made;
  }
}

const MAX_DEPTH = 64;

/** If a damaged file implies an impossible shape, any shape is assumed: the kernel returns an error. */
const possible = (tensor: AbstractTensor): AbstractTensor =>
  arePossible(tensor.shape) ? tensor : unknownTensor(tensor.type, undefined, false);

/** Limits the iterations of nested loops. */
const MAX_STEPS = 1_000_000;

/** Returns inputs of which nothing is known. */
export const unknownInputs = ({ inputs, tensors }: Subgraph): AbstractTensor[] =>
  inputs.map((number) => unknownTensor(tensors[number]?.type?.name ?? "FLOAT32", undefined, false));
