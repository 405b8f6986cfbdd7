/**
 * The wire form of `tf.Example`, as far as a REST request can say it. Field numbers are those of
 * TensorFlow's example.proto and feature.proto: Example.features = 1, Features.feature = 1 (a map),
 * Feature.bytes_list = 1, float_list = 2, int64_list = 3, and `value` = 1 in each list.
 */

/** One feature: a list of values of one kind, which the first value decides. */
export class ExampleFeature {
  /** Undefined while there are no values. */
  kind: "bytes" | "float" | "int64" | undefined;
  readonly #bytes: Uint8Array[] = [];
  readonly #floats: number[] = [];
  readonly #integers: bigint[] = [];

  addBytes(value: Uint8Array): void {
    this.kind = "bytes";
    this.#bytes.push(value);
  }

  addFloat(value: number): void {
    this.kind = "float";
    this.#floats.push(value);
  }

  addInt64(value: bigint): void {
    this.kind = "int64";
    this.#integers.push(value);
  }

  /** The message `Feature`. */
  encode(): Buffer {
    switch (this.kind) {
      case "bytes":
        return field(1, Buffer.concat(this.#bytes.map((value) => field(1, value))));
      case "float": {
        const packed = Buffer.alloc(this.#floats.length * 4);
        for (const [i, value] of this.#floats.entries())
          packed.writeFloatLE(Math.fround(value), i * 4);
        return field(2, field(1, packed));
      }
      case "int64":
        return field(3, field(1, Buffer.concat(this.#integers.map(varint))));
      case undefined:
        return Buffer.alloc(0);
    }
  }
}

/** The message `Example` of some features. */
export function encodeExample(features: ReadonlyMap<string, ExampleFeature>): Buffer {
  const entries = Array.from(features, ([name, feature]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, feature.encode())])),
  );
  return field(1, Buffer.concat(entries));
}

/** A length-delimited field: tag, length, content. */
function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(BigInt(content.length)), content]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
