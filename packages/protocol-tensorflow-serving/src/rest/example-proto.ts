import type { Steps } from "@serving-kit/core";
import { ByteSink } from "./byte-sink.js";

/*
 * The wire form of `tf.Example`, as far as a REST request can say it. Field numbers are those of
 * TensorFlow's example.proto and feature.proto: Example.features = 1, Features.feature = 1 (a map),
 * Feature.bytes_list = 1, float_list = 2, int64_list = 3, and `value` = 1 in each list.
 */

/** One feature: a list of values of one kind, which the first value determines. */
export class ExampleFeature {
  /** Undefined while there are no values. */
  kind: "bytes" | "float" | "int64" | undefined;
  readonly #values = new ByteSink();

  addBytes(value: Uint8Array): void {
    this.kind = "bytes";
    this.#values.field(1, value);
  }

  addFloat(value: number): void {
    this.kind = "float";
    this.#values.float32(value);
  }

  /** Adds an integer: a number of magnitude at most 2^53, or a bigint. */
  addInt64(value: number | bigint): void {
    this.kind = "int64";
    if (typeof value === "number") this.#values.varint(value);
    else this.#values.varint64(value);
  }

  /** Returns the message `Feature`. */
  encode(): Uint8Array {
    const { bytes } = this.#values;
    if (this.kind === undefined) return bytes;
    if (this.kind === "bytes") return field(1, bytes);
    return field(this.kind === "float" ? 2 : 3, field(1, bytes));
  }
}

/** Larger features are copied with pauses. */
const LARGE_BYTES = 2 ** 20;

/** Encodes features as the message `Example`. */
export function* encodeExample(features: ReadonlyMap<string, ExampleFeature>): Steps<Buffer> {
  const entries = new ByteSink();
  for (const [name, feature] of features) {
    const encoded = feature.encode();
    if (encoded.length > LARGE_BYTES) yield;
    const entry = new ByteSink();
    entry.field(1, Buffer.from(name));
    entry.field(2, encoded);
    if (encoded.length > LARGE_BYTES) yield;
    entries.field(1, entry.bytes);
    if (encoded.length > LARGE_BYTES) yield;
  }
  return field(1, entries.bytes);
}

function field(number: number, content: Uint8Array): Buffer {
  const sink = new ByteSink();
  sink.field(number, content);
  return sink.bytes;
}
