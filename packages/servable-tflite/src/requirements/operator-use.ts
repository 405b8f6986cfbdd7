import { CUSTOM } from "../graph/builtin-operators.js";
import type { Graph } from "../graph/graph.js";

/** An operator of a graph in one version. */
export interface OperatorUse {
  /** The name of the BuiltinOperator, or the custom code. */
  readonly name: string;
  readonly version: number;
  readonly kind: "builtin" | "custom" | "flex";
  /** Number of occurrences in the graph, in all subgraphs. */
  readonly count: number;
}

/** The prefix of custom codes of TensorFlow's own operators. */
const FLEX = "Flex";

/** Returns the operators of a graph by name and version, in alphabetical order. */
export function operatorUses({ subgraphs }: Graph): readonly OperatorUse[] {
  const uses = new Map<string, OperatorUse>();
  for (const { code, name, version } of subgraphs.flatMap(({ operators }) => operators)) {
    const custom = name.startsWith(FLEX) ? "flex" : "custom";
    const kind = code === CUSTOM ? custom : "builtin";
    const key = JSON.stringify([kind, name, version]);
    const count = (uses.get(key)?.count ?? 0) + 1;
    uses.set(key, { name, version, kind, count });
  }
  return [...uses.values()].sort((a, b) =>
    a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1,
  );
}
