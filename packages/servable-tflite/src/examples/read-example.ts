import { WIRE, WireReader } from "@serving-kit/tensorflow-wire";
import type { FeatureDType, FeatureValues } from "../example-operator.js";

/** The values of one feature of an example. */
export type Feature = {
  [D in FeatureDType]: { readonly dtype: D; readonly values: FeatureValues[D] };
}[FeatureDType];

/** The tag of a length-delimited field. */
const field = (number: number) => (number << 3) | WIRE.bytes;

/**
 * Reads the features of a serialized `tf.Example` that have one of the keys (tensorflow/core/example). As protocol
 * buffers define, the last entry of a key wins, and consecutive messages are merged. A feature without a list of values
 * is absent.
 *
 * @throws ServingError INVALID_ARGUMENT / MESSAGE_INVALID.
 */
export function readExample(
  serialized: Uint8Array,
  keys: ReadonlySet<string>,
): ReadonlyMap<string, Feature> {
  const features = new Map<string, Feature>();
  forEach(new WireReader(serialized), field(1), (message) =>
    forEach(message, field(1), (entry) => readEntry(entry, keys, features)),
  );
  return features;
}

/** Calls `read` with the content of each field with the tag, and skips all others. */
function forEach(reader: WireReader, wanted: number, read: (content: WireReader) => void): void {
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === wanted) read(reader.message());
    else reader.skip(tag);
  }
}

/** An entry of the map: key = 1, value = 2. */
function readEntry(
  reader: WireReader,
  keys: ReadonlySet<string>,
  features: Map<string, Feature>,
): void {
  let key = "";
  let value: WireReader | undefined;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === field(1)) key = Buffer.from(reader.content()).toString("latin1");
    else if (tag === field(2)) value = reader.message();
    else reader.skip(tag);
  }
  if (!keys.has(key)) return;
  const feature = value && readFeature(value);
  if (feature === undefined) features.delete(key);
  else features.set(key, feature);
}

/** Reads one of bytes_list = 1, float_list = 2, int64_list = 3: the last kind wins, lists of a kind are joined. */
function readFeature(reader: WireReader): Feature | undefined {
  let kind = 0;
  let bytes: Uint8Array[] = [];
  let floats: number[] = [];
  let integers: bigint[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag !== field(1) && tag !== field(2) && tag !== field(3)) {
      reader.skip(tag);
      continue;
    }
    if (tag !== kind) [bytes, floats, integers] = [[], [], []];
    kind = tag;
    if (kind === field(1)) readBytes(reader.message(), bytes);
    else if (kind === field(2)) readFloats(reader.message(), floats);
    else readIntegers(reader.message(), integers);
  }
  if (kind === field(1)) return { dtype: "string", values: bytes };
  if (kind === field(2)) return { dtype: "float32", values: floats };
  return kind === field(3) ? { dtype: "int64", values: integers } : undefined;
}

function readBytes(reader: WireReader, values: Uint8Array[]): void {
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === field(1)) values.push(reader.content());
    else reader.skip(tag);
  }
}

/** Reads packed or unpacked floats. */
function readFloats(reader: WireReader, values: number[]): void {
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === field(1)) addFloats(reader.content(), values);
    else if (tag === ((1 << 3) | WIRE.fixed32)) addFloats(reader.take(4), values);
    else reader.skip(tag);
  }
}

function addFloats({ buffer, byteOffset, byteLength }: Uint8Array, values: number[]): void {
  if (byteLength % 4 !== 0) throw new RangeError(`a list of floats has ${byteLength} bytes`);
  const view = new DataView(buffer, byteOffset, byteLength);
  for (let at = 0; at < byteLength; at += 4) values.push(view.getFloat32(at, true));
}

function readIntegers(reader: WireReader, values: bigint[]): void {
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === field(1)) {
      const packed = reader.message();
      while (packed.hasMore) values.push(packed.int64());
    } else if (tag === ((1 << 3) | WIRE.varint)) values.push(reader.int64());
    else reader.skip(tag);
  }
}
