import type { AttrEntry, FunctionDef, GraphDef, NodeDef } from "../proto/messages.js";
import { attrEntryType, functionDefType, functionHeadType } from "../proto/schema.js";

/** An input of a node: which of its data inputs takes which output of another node. */
export interface Consumer {
  readonly node: NodeDef;
  /** The position among the node's inputs. */
  readonly input: number;
  readonly output: number;
}

/** The nodes of a graph or of a function's body, by name, and who takes their outputs. */
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

  /** The inputs that take an output of the node, or the function's argument, of this name. */
  consumers(name: string): readonly Consumer[] {
    return this.#consumers.get(name) ?? [];
  }

  /** The names of the nodes that run to compute tensors, if others are fed. */
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
  /** The names by which the body knows its arguments. */
  readonly arguments: readonly string[];
  /** The names of its results, and the tensors of the body that they are, in order. */
  readonly results: readonly (readonly [name: string, tensor: string])[];

  constructor({ signature, nodeDef, ret, controlRet }: FunctionDef) {
    super(nodeDef);
    this.arguments = signature?.inputArg.map(({ name }) => name) ?? [];
    this.results = signature?.outputArg.map(({ name }) => [name, ret[name] ?? ""]) ?? [];
    this.live = this.liveNodes([...Object.values(ret), ...Object.values(controlRet)]);
  }

  /** The name by which the body knows an argument; undefined if there is no such argument. */
  argument(index: number): string | undefined {
    return this.arguments[index];
  }
}

/** The functions of a graph. Decodes those that are asked for. */
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

  /** The body of a function; undefined if there is none of the name. */
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

/** The attributes of a node. */
export function attributes({ attr }: NodeDef): readonly AttrEntry[] {
  return attr.map((bytes) => attrEntryType.decode(bytes) as unknown as AttrEntry);
}

/** The node of a tensor: `a` of `a`, `a:1`, `a:output:1` and `^a`. */
export function nodeOf(tensor: string): string {
  const start = tensor.startsWith("^") ? 1 : 0;
  const colon = tensor.indexOf(":");
  return tensor.slice(start, colon < 0 ? undefined : colon);
}

function outputOf(tensor: string): number {
  const colon = tensor.lastIndexOf(":");
  return colon < 0 ? 0 : Number(tensor.slice(colon + 1));
}

/** A tensor's name with its output: `a:0` for `a`. */
export function tensorName(tensor: string): string {
  return tensor.includes(":") ? tensor : `${tensor}:0`;
}
