import type { AttrEntry, FunctionDef, GraphDef, NodeDef } from "../proto/messages.js";
import { attrEntryType, functionDefType, functionHeadType } from "../proto/schema.js";

/** An input of a node that reads an output of another node. */
export interface Consumer {
  readonly node: NodeDef;
  /** The position among the node's inputs. */
  readonly input: number;
  readonly output: number;
}

/** The nodes of a graph or of a function's body, by name, with the consumers of their outputs. */
export class GraphScope {
  readonly nodes: ReadonlyMap<string, NodeDef>;
  readonly #consumers = new Map<string, Consumer[]>();

  constructor(nodes: readonly NodeDef[]) {
    this.nodes = new Map(nodes.map((node) => [node.name, node]));
    for (const node of nodes) {
      for (const [input, tensor] of node.input.entries()) {
        if (tensor.startsWith("^")) continue;
        const name = nodeOf(tensor);
        const consumer = { node, input, output: outputOf(tensor) };
        const consumers = this.#consumers.get(name);
        if (consumers === undefined) this.#consumers.set(name, [consumer]);
        else consumers.push(consumer);
      }
    }
  }

  /** Returns the inputs that read an output of the node, or the function's argument, with this name. */
  consumers(name: string): readonly Consumer[] {
    return this.#consumers.get(name) ?? [];
  }

  /** Returns the names of the nodes that run to compute the fetched tensors, if others are fed. */
  liveNodes(fetched: Iterable<string>, fed: ReadonlySet<string> = new Set()): ReadonlySet<string> {
    const live = new Set<string>();
    const waiting = [...fetched];
    for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
      const name = nodeOf(tensor);
      if (live.has(name) || fed.has(tensorName(tensor))) continue;
      live.add(name);
      for (const input of this.nodes.get(name)?.input ?? []) waiting.push(input);
    }
    return live;
  }
}

/** A function's body; `live` are the nodes that run when it is called. */
export class FunctionScope extends GraphScope {
  readonly live: ReadonlySet<string>;
  /** The names of the arguments inside the body. */
  readonly arguments: readonly string[];
  /** The names of the results, and their tensors in the body, in order. */
  readonly results: readonly (readonly [name: string, tensor: string])[];

  constructor({ signature, nodeDef, ret, controlRet }: FunctionDef) {
    super(nodeDef);
    this.arguments = signature?.inputArg.map(({ name }) => name) ?? [];
    this.results = signature?.outputArg.map(({ name }) => [name, ret[name] ?? ""]) ?? [];
    this.live = this.liveNodes([...Object.values(ret), ...Object.values(controlRet)]);
  }

  /** Returns the name of an argument inside the body; undefined if there is no such argument. */
  argument(index: number): string | undefined {
    return this.arguments[index];
  }
}

/** The functions of a graph, decoded on demand. */
export class FunctionLibrary {
  readonly #definitions: ReadonlyMap<string, Uint8Array>;
  readonly #scopes = new Map<string, FunctionScope>();

  constructor({ library }: GraphDef) {
    this.#definitions = new Map(
      library?.function.map((bytes) => {
        const head = functionHeadType.decode(bytes) as unknown as FunctionDef;
        return [head.signature?.name ?? "", bytes];
      }),
    );
  }

  has(name: string): boolean {
    return this.#definitions.has(name);
  }

  /** Returns the body of a function; undefined if no function has the name. */
  scope(name: string): FunctionScope | undefined {
    const definition = this.#definitions.get(name);
    let scope = this.#scopes.get(name);
    if (scope === undefined && definition !== undefined) {
      scope = new FunctionScope(functionDefType.decode(definition) as unknown as FunctionDef);
      this.#scopes.set(name, scope);
    }
    return scope;
  }
}

/** Returns the attributes of a node. */
export function attributes({ attr }: NodeDef): readonly AttrEntry[] {
  return attr.map((bytes) => attrEntryType.decode(bytes) as unknown as AttrEntry);
}

/** Returns the node of a tensor: `a` for `a`, `a:1`, `a:output:1` and `^a`. */
export function nodeOf(tensor: string): string {
  const start = tensor.startsWith("^") ? 1 : 0;
  const colon = tensor.indexOf(":");
  return tensor.slice(start, colon < 0 ? undefined : colon);
}

function outputOf(tensor: string): number {
  const colon = tensor.lastIndexOf(":");
  return colon < 0 ? 0 : Number(tensor.slice(colon + 1));
}

/** Returns a tensor's name with its output: `a:0` for `a`. */
export function tensorName(tensor: string): string {
  return tensor.includes(":") ? tensor : `${tensor}:0`;
}
