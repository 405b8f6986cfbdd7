import protobuf from "protobufjs/light.js";

const field = (type: string, id: number, rule?: "repeated") => ({
  type,
  id,
  ...(rule && { rule }),
});
const list = (type: string) => ({ fields: { value: field(type, 1, "repeated") } });

/** tensorflow/core/example/example.proto and feature.proto, for protobuf.js as an independent encoder. */
const root = protobuf.Root.fromJSON({
  nested: {
    Example: { fields: { features: field("Features", 1) } },
    Features: { fields: { feature: { keyType: "string", type: "Feature", id: 1 } as never } },
    Feature: {
      oneofs: { kind: { oneof: ["bytesList", "floatList", "int64List"] } },
      fields: {
        bytesList: field("BytesList", 1),
        floatList: field("FloatList", 2),
        int64List: field("Int64List", 3),
      },
    },
    BytesList: list("bytes"),
    FloatList: list("float"),
    Int64List: list("int64"),
  },
});
const exampleType = root.lookupType("Example");

/** The values of a feature by their kind, as protobuf.js encodes them; int64 as decimals. */
export interface FeatureMessage {
  readonly bytesList?: { readonly value: readonly Uint8Array[] };
  readonly floatList?: { readonly value: readonly number[] };
  readonly int64List?: { readonly value: readonly (number | string)[] };
}

export const floats = (...value: number[]): FeatureMessage => ({ floatList: { value } });
export const int64s = (...value: (number | string)[]): FeatureMessage => ({ int64List: { value } });
export const texts = (...values: string[]): FeatureMessage => ({
  bytesList: { value: values.map((value) => Buffer.from(value)) },
});

/** A serialized `tf.Example`. */
export function encodeExample(feature: Readonly<Record<string, FeatureMessage>>): Uint8Array {
  return exampleType.encode(exampleType.fromObject({ features: { feature } })).finish();
}
