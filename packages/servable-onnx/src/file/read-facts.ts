import { WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import type { ClassLabels, ExternalData, GraphValue, ModelFacts } from "./model-facts.js";
import { classLabels, countOperators, readNode } from "./read-node.js";
import { readInitializer } from "./read-tensor.js";
import { readValue } from "./read-value.js";

const bytes = (field: number) => (field << 3) | WIRE.bytes;
const varint = (field: number) => (field << 3) | WIRE.varint;

/** The first version of the format in which an input with an initializer is optional. */
const OVERRIDABLE_IR_VERSION = 4;

/**
 * Reads a whole ONNX file, except the elements of its tensors.
 *
 * @throws Error if it is truncated, damaged or not an ONNX file.
 */
export function readFacts(file: Uint8Array): ModelFacts {
  const reader = new WireReader(file);
  const opsets = new Map<string, number>();
  const operators = new Map<string, number>();
  let irVersion = 0;
  let producer = "";
  let version = "";
  let graph: GraphFacts | undefined;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === varint(1)) irVersion = Number(reader.int64());
    else if (tag === bytes(2)) producer = reader.string();
    else if (tag === bytes(3)) version = reader.string();
    else if (tag === bytes(7)) graph = readGraph(reader.message(), operators);
    else if (tag === bytes(8)) opsets.set(...readOpset(reader.message()));
    else if (tag === bytes(25)) readFunction(reader.message(), operators);
    else reader.skip(tag);
  }
  if (graph === undefined) throw new RangeError("it has no graph");
  if (opsets.size === 0) throw new RangeError("it names no operator set");
  const { inputs, outputs, initializers, external, zipMaps } = graph;
  const hasDefault = ({ name }: { name: string }) => initializers.has(name);
  const isInput = (input: { name: string }) =>
    !hasDefault(input) || irVersion >= OVERRIDABLE_IR_VERSION;
  return {
    ...{ irVersion, producer: `${producer} ${version}`.trim(), opsets, external, operators },
    inputs: inputs.filter(isInput).map((one) => ({ ...one, hasDefault: hasDefault(one) })),
    outputs: outputs.map((one) => ({ ...one, hasDefault: false })),
    zipMaps: new Map([...zipMaps].filter(([name]) => outputs.some((one) => one.name === name))),
  };
}

interface GraphFacts {
  readonly inputs: readonly Omit<GraphValue, "hasDefault">[];
  readonly outputs: readonly Omit<GraphValue, "hasDefault">[];
  readonly initializers: ReadonlySet<string>;
  readonly external: readonly ExternalData[];
  readonly zipMaps: ReadonlyMap<string, ClassLabels>;
}

function readGraph(reader: WireReader, operators: Map<string, number>): GraphFacts {
  const inputs: Omit<GraphValue, "hasDefault">[] = [];
  const outputs: Omit<GraphValue, "hasDefault">[] = [];
  const initializers = new Set<string>();
  const external: ExternalData[] = [];
  const zipMaps = new Map<string, ClassLabels>();
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) {
      const node = readNode(reader.message());
      countOperators(node, operators);
      if (node.operator === "ZipMap") zipMaps.set(node.outputs[0] ?? "", classLabels(node));
    } else if (tag === bytes(5)) {
      const initializer = readInitializer(reader.message());
      initializers.add(initializer.name);
      if (initializer.external !== undefined) external.push(initializer.external);
    } else if (tag === bytes(11)) inputs.push(readValue(reader.message()));
    else if (tag === bytes(12)) outputs.push(readValue(reader.message()));
    else if (tag === bytes(15)) initializers.add(readSparseName(reader.message()));
    else reader.skip(tag);
  }
  return { inputs, outputs, initializers, external, zipMaps };
}

/** Returns the name of a `SparseTensorProto`, which is the name of its values. */
function readSparseName(reader: WireReader): string {
  let name = "";
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) name = readInitializer(reader.message()).name;
    else reader.skip(tag);
  }
  return name;
}

function readOpset(reader: WireReader): [string, number] {
  let domain = "";
  let version = 0;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(1)) domain = reader.string();
    else if (tag === varint(2)) version = Number(reader.int64());
    else reader.skip(tag);
  }
  return [domain, version];
}

function readFunction(reader: WireReader, operators: Map<string, number>): void {
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === bytes(7)) countOperators(readNode(reader.message()), operators);
    else reader.skip(tag);
  }
}
