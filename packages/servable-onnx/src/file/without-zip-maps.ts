import { WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import type { ModelFacts } from "./model-facts.js";
import { readNode } from "./read-node.js";
import { readValue } from "./read-value.js";

const bytes = (field: number) => (field << 3) | WIRE.bytes;

/** `TensorProto.DataType.FLOAT`. */
const FLOAT = 1;

/**
 * Returns a model in which outputs that were lists of maps are float tensors `[n, k]`: each ZipMap that computes an
 * output becomes an Identity of its input. Returns the file unchanged if it has no ZipMap.
 */
export function withoutZipMaps(file: Uint8Array, { zipMaps }: ModelFacts): Uint8Array {
  if (zipMaps.size === 0) return file;
  return rewrite(file, (tag, content) =>
    tag === bytes(7) ? rewriteGraph(content, zipMaps) : undefined,
  );
}

function rewriteGraph(graph: Uint8Array, zipMaps: ModelFacts["zipMaps"]): Uint8Array {
  return rewrite(graph, (tag, content) => {
    if (tag === bytes(1)) {
      const { operator, inputs, outputs } = readNode(new WireReader(content));
      const [input = ""] = inputs;
      const [output = ""] = outputs;
      const isServed = operator === "ZipMap" && zipMaps.has(output);
      return isServed ? concat([text(1, input), text(2, output), text(4, "Identity")]) : undefined;
    }
    if (tag !== bytes(12)) return undefined;
    const { name } = readValue(new WireReader(content));
    const labels = zipMaps.get(name);
    return labels && floatMatrix(name, labels.values.length);
  });
}

/** Returns a `ValueInfoProto` of a float tensor `[?, columns]`. */
function floatMatrix(name: string, columns: number): Uint8Array {
  const known = concat([varintField(1, columns)]);
  const shape = concat([field(1, new Uint8Array(0)), field(1, known)]);
  const tensor = concat([varintField(1, FLOAT), field(2, shape)]);
  return concat([text(1, name), field(2, field(1, tensor))]);
}

/** Copies a message, and replaces the content of each field for which `replace` returns one. */
function rewrite(
  message: Uint8Array,
  replace: (tag: number, content: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const reader = new WireReader(message);
  const parts: Uint8Array[] = [];
  while (reader.hasMore) {
    const from = message.length - reader.remaining;
    const tag = reader.tag();
    const content = (tag & 7) === WIRE.bytes ? reader.content() : undefined;
    if (content === undefined) reader.skip(tag);
    const other = content && replace(tag, content);
    const to = message.length - reader.remaining;
    parts.push(other ? field(tag >>> 3, other) : message.subarray(from, to));
  }
  return concat(parts);
}

function field(number: number, content: Uint8Array): Uint8Array {
  return concat([varint(bytes(number)), varint(content.length), content]);
}

const text = (number: number, value: string) => field(number, Buffer.from(value));

const varintField = (number: number, value: number) =>
  concat([varint((number << 3) | WIRE.varint), varint(value)]);

function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...digits, rest]);
}

const concat = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
