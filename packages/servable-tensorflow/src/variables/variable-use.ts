import type { GraphDef, NodeDef } from "../proto/messages.js";
import { attributes, FunctionLibrary, GraphScope, tensorName } from "./graph-scope.js";
import { isResource, type VariableNode } from "./variable-nodes.js";

/** The tensors of a run, such as `x:0`. */
export interface Run {
  readonly fed: readonly string[];
  readonly fetched: readonly string[];
}

/** The use of a variable in a run. */
export interface VariableUse {
  isRead: boolean;
  /** True if the run may assign the variable. */
  isAssigned: boolean;
  /** True if a successful run always assigns the variable: outside of branches and loops. */
  isAlwaysAssigned: boolean;
}

const notUsed = (): VariableUse => ({ isRead: false, isAssigned: false, isAlwaysAssigned: false });

/** Ops whose outputs are the handles that they receive. Identity of a reference reads its variable. */
const RESOURCE_ALIASES = new Set(
  "Identity IdentityN Switch Merge Enter Exit NextIteration".split(" "),
);
const REFERENCE_ALIASES = new Set(
  "RefIdentity RefSwitch RefMerge RefEnter RefExit RefNextIteration".split(" "),
);
const ASSIGNMENTS = new Set(["AssignVariableOp", "Assign"]);
/** Ops that do not need the variable's value. */
const VALUELESS = new Set(["VarIsInitializedOp", "IsVariableInitialized", "DestroyResourceOp"]);

/** Ops that call functions, with the number of inputs that precede the function's arguments. */
const CALLS: ReadonlyMap<string, number> = new Map([
  ...["PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile"].map(entry(0)),
  ...["BatchFunction", "MapDefun"].map(entry(0)),
  ...["If", "StatelessIf", "Case", "StatelessCase", "RemoteCall"].map(entry(1)),
  // start, limit and delta, instead of which the body has the index.
  ...["For"].map(entry(2)),
]);
/** The calls that always run their function. */
const PLAIN_CALLS = new Set(["PartitionedCall", "StatefulPartitionedCall"]);

function entry(count: number): (op: string) => [string, number] {
  return (op) => [op, count];
}

/**
 * Determines how runs of a graph use its variables, through functions and control flow, for any branch taken. An
 * unknown op counts as reading.
 */
export class VariableUses {
  readonly #main: GraphScope;
  readonly #library: FunctionLibrary;
  readonly #liveNodes = new Map<Run, ReadonlySet<string>>();
  readonly #argumentUses = new Map<string, VariableUse>();

  constructor(graph: GraphDef) {
    this.#main = new GraphScope(graph.node);
    this.#library = new FunctionLibrary(graph);
  }

  /** Returns the variables that the fetched tensors depend on, whether or not they are read. */
  reached(variables: readonly VariableNode[], runs: readonly Run[]): readonly VariableNode[] {
    const live = runs.map((run) => this.#live(run));
    return variables.filter(({ name }) => live.some((nodes) => nodes.has(name)));
  }

  /** Returns how all runs together use a variable. */
  use(variable: VariableNode, runs: readonly Run[]): Readonly<VariableUse> {
    const use = notUsed();
    for (const run of runs) {
      const live = this.#live(run);
      if (!live.has(variable.name)) continue;
      this.#follow(this.#main, live, variable.name, isResource(variable), use);
    }
    return use;
  }

  #live(run: Run): ReadonlySet<string> {
    let live = this.#liveNodes.get(run);
    if (live === undefined) {
      live = this.#main.liveNodes(run.fetched, new Set(run.fed.map(tensorName)));
      this.#liveNodes.set(run, live);
    }
    return live;
  }

  /** Records how the live nodes of a scope use the handle that a node or an argument provides. */
  #follow(
    scope: GraphScope,
    live: ReadonlySet<string>,
    handle: string,
    isResource: boolean,
    use: VariableUse,
  ): void {
    const aliases = isResource ? RESOURCE_ALIASES : REFERENCE_ALIASES;
    const origin = `${handle}:0`;
    const seen = new Set([origin]);
    for (const tensor of seen) {
      const [name = "", output] = tensor.split(":");
      for (const consumer of scope.consumers(name)) {
        const { node, input } = consumer;
        if (!live.has(node.name) || consumer.output !== Number(output)) continue;
        // An op after a Switch may be dead.
        if (!aliases.has(node.op)) this.#note(node, input, tensor === origin, use);
        else if (node.op === "IdentityN") seen.add(`${node.name}:${input}`);
        else for (const each of [0, 1]) seen.add(`${node.name}:${each}`);
      }
    }
  }

  #note(node: NodeDef, input: number, isDirect: boolean, use: VariableUse): void {
    if (VALUELESS.has(node.op)) return;
    if (ASSIGNMENTS.has(node.op) && input === 0) {
      use.isAssigned = true;
      use.isAlwaysAssigned ||= isDirect;
      return;
    }
    const { functions, leading, isPlain } = this.#callOf(node);
    if (functions.length === 0) use.isRead = true;
    for (const name of functions) {
      const called = this.#argumentUse(name, input - leading);
      use.isRead ||= called.isRead;
      use.isAssigned ||= called.isAssigned;
      use.isAlwaysAssigned ||= called.isAlwaysAssigned && isPlain && isDirect;
    }
  }

  /** Returns the functions that a node calls, from its op's name or its attributes; none if unknown. */
  #callOf(node: NodeDef): { functions: readonly string[]; leading: number; isPlain: boolean } {
    const { op } = node;
    if (this.#library.has(op)) return { functions: [op], leading: 0, isPlain: true };
    const leading = CALLS.get(op);
    if (leading === undefined) return { functions: [], leading: 0, isPlain: false };
    const functions = attributes(node)
      .flatMap(({ value }) => [...(value?.func ? [value.func] : []), ...(value?.list?.func ?? [])])
      .map(({ name }) => name);
    return { functions, leading, isPlain: PLAIN_CALLS.has(op) };
  }

  #argumentUse(name: string, index: number): VariableUse {
    const key = `${name}\0${index}`;
    const known = this.#argumentUses.get(key);
    if (known !== undefined) return known;
    const use = notUsed();
    // Cached before it is complete, so that recursive functions terminate.
    this.#argumentUses.set(key, use);
    const scope = this.#library.scope(name);
    const argument = scope?.argument(index);
    if (scope === undefined || argument === undefined) use.isRead = true;
    else this.#follow(scope, scope.live, argument, true, use);
    return use;
  }
}
