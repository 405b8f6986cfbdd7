import { type RowVerdict, rowAnalysis, type Signature } from "@serving-kit/inference";
import type { GraphDef, NodeDef } from "../proto/messages.js";
import { FunctionLibrary, GraphScope, nodeOf, tensorName } from "../variables/graph-scope.js";
import { loop } from "./loops.js";
import { OP_RULES, OUTPUT_NAMES } from "./op-rules.js";
import { OpView } from "./op-view.js";
import { rowWork } from "./row-work.js";
import { sizeRule } from "./sizes.js";

const { conclude, isRows, literal, mixed, NUMBER_OF_ROWS, rows, symbol } = rowAnalysis;
type Extent = rowAnalysis.Extent;
type RowValue = rowAnalysis.RowValue;

const MAX_DEPTH = 64;
/** Nodes of a function count once per call. */
const MAX_NODES = 20_000;

const LOOPS = new Set(["While", "StatelessWhile"]);
const PLAIN_CALLS = new Set(["PartitionedCall", "StatefulPartitionedCall"]);

/** The facts about the rows of a signature, from its graph. */
export interface RowFacts {
  readonly verdict: RowVerdict;
  /** The arithmetic operations of a run for each row, roughly; Infinity if they are not known. */
  readonly work: number;
}

/** Follows the rows of the inputs through a graph and its functions. */
export class GraphRows {
  readonly #main: GraphScope;
  readonly #library: FunctionLibrary;
  #nodes = 0;
  #work = 0;

  constructor(graph: GraphDef) {
    this.#main = new GraphScope(graph.node);
    this.#library = new FunctionLibrary(graph);
  }

  /** Returns the facts about a signature. */
  examine({ inputs, outputs }: Signature): RowFacts {
    this.#nodes = 0;
    this.#work = 0;
    const given = new Map<string, RowValue>();
    for (const [name, { shape, nativeName = "" }] of inputs) {
      given.set(tensorName(nativeName), inputValue(name, shape));
    }
    const fetched = Array.from(outputs.values(), ({ nativeName = "" }) => nativeName);
    const values = this.#evaluate(this.#main, given, fetched, 0);
    const verdict = conclude(new Map([...outputs.keys()].map((name, i) => [name, values[i]])));
    return { verdict, work: this.#work };
  }

  /** Returns the values of some tensors of a scope. */
  #evaluate(
    scope: GraphScope,
    given: ReadonlyMap<string, RowValue>,
    fetched: readonly string[],
    depth: number,
  ): RowValue[] {
    const known = new Map<string, readonly RowValue[]>();
    const valueAt = (tensor: string): RowValue | undefined => {
      const value = given.get(tensor) ?? given.get(tensorName(tensor));
      if (value !== undefined) return value;
      const node = scope.nodes.get(nodeOf(tensor));
      if (node === undefined) return mixed(`there is no node of tensor "${tensor}"`);
      const values = known.get(node.name);
      // A single value applies to all outputs.
      const index = values?.length === 1 ? 0 : this.#outputOf(node, tensor);
      return values && (values[index] ?? mixed("it has no such output"));
    };
    const waiting = fetched.map(nodeOf);
    const entered = new Set<string>();
    for (let name = waiting.at(-1); name !== undefined; name = waiting.at(-1)) {
      const node = scope.nodes.get(name);
      if (node === undefined || known.has(name) || given.has(`${name}:0`)) {
        waiting.pop();
        continue;
      }
      const inputs = node.input.filter((input) => !input.startsWith("^"));
      const missing = inputs.filter((input) => valueAt(input) === undefined).map(nodeOf);
      if (missing.length === 0) {
        known.set(name, this.#outputs(node, inputs.map(valueAt) as RowValue[], depth));
      } else if (entered.has(name)) known.set(name, [mixed(`node "${name}" is in a cycle`)]);
      else waiting.push(...missing);
      entered.add(name);
    }
    return fetched.map((tensor) => valueAt(tensor) ?? mixed("nothing computes it"));
  }

  /** Returns the values of a node's outputs; a value that becomes mixed here gets the location. */
  #outputs(node: NodeDef, inputs: readonly RowValue[], depth: number): readonly RowValue[] {
    if (++this.#nodes > MAX_NODES) return [mixed("the graph is too large to be examined")];
    const op = new OpView(node, inputs);
    const name = this.#calledBy(op);
    if (name !== undefined) return this.#call(name, inputs, depth);
    if (LOOPS.has(node.op)) {
      const results = loop(op, (called, values) => this.#call(called, values, depth));
      this.#work = Number.POSITIVE_INFINITY; // The number of turns is not known.
      return results.map((value) => located(value, node, inputs));
    }
    const rule = OP_RULES.get(node.op);
    const result = sizeRule(op) ?? (rule ? rule(op) : mixed("it is not known to keep rows apart"));
    const outputs = ([result].flat() as readonly RowValue[]).map((value, i) =>
      value.kind === "mixed" ? located(value, node, inputs) : refined(value, op.declared(i)),
    );
    this.#work += rowWork(op, outputs);
    return outputs;
  }

  #calledBy(op: OpView): string | undefined {
    if (this.#library.has(op.node.op)) return op.node.op;
    return PLAIN_CALLS.has(op.node.op) ? (op.fn("f") ?? "") : undefined;
  }

  #call(name: string, inputs: readonly RowValue[], depth: number): readonly RowValue[] {
    const scope = this.#library.scope(name);
    if (scope === undefined) return [mixed(`function ${name} is missing`)];
    if (depth === MAX_DEPTH) return [mixed("functions are nested too deep")];
    const given = new Map(
      scope.arguments.map((argument, i) => [
        argument,
        inputs[i] ?? mixed("an argument is missing"),
      ]),
    );
    const tensors = scope.results.map(([, tensor]) => tensor);
    return this.#evaluate(scope, given, tensors, depth + 1);
  }

  /** Returns the output index of a tensor name such as `a`, `a:1` or `a:values:0`. */
  #outputOf(node: NodeDef, tensor: string): number {
    const [, second, third] = tensor.split(":");
    if (second === undefined) return 0;
    if (third === undefined) return Number(second);
    const called = this.#library.scope(node.op)?.results.map(([name]) => name);
    const names = called ?? OUTPUT_NAMES[node.op];
    const offset = names?.indexOf(second) ?? 0;
    // Without sparse outputs, ParseExampleV2 starts with the dense ones.
    return (node.op === "ParseExampleV2" ? 0 : Math.max(0, offset)) + Number(third);
  }
}

/** Adds the location to a value that becomes mixed at a node. */
function located(value: RowValue, { op, name }: NodeDef, inputs: readonly RowValue[]): RowValue {
  if (value.kind !== "mixed" || inputs.includes(value) || /^op /.test(value.reason)) return value;
  return mixed(`op ${op} of node "${name}": ${value.reason}`);
}

/** Returns an input: its dimension 0 counts rows, and other open extents are the same for all rows. */
function inputValue(name: string, shape: readonly number[] | null): RowValue {
  if (shape === null) return mixed(`the rank of input "${name}" is not known`);
  const extents = shape.map((extent, i): Extent => {
    if (extent >= 0) return literal(extent);
    return i === 0 ? NUMBER_OF_ROWS : symbol(`${name}:${i}`);
  });
  return rows(0, extents);
}

/** Refines a value with the extents that the file declares. */
function refined(value: RowValue, declared: readonly Extent[] | undefined): RowValue {
  if (declared === undefined) return value;
  if (value.kind === "fixed") return value.shape ? value : { ...value, shape: declared };
  if (!isRows(value) || declared.length !== value.shape.length) return value;
  return rows(
    value.axis,
    value.shape.map((extent, i) => (extent.isOpen ? (declared[i] as Extent) : extent)),
  );
}
