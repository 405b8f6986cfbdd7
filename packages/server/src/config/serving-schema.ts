import type protobuf from "protobufjs/light.js";

const wrapper = (type: string) => ({ fields: { value: { type, id: 1 } } });

/** Types of the package `tensorflow.serving`, with protobuf's wrapped values. */
export function servingSchema(types: Readonly<Record<string, object>>): protobuf.INamespace {
  return {
    nested: {
      google: {
        nested: {
          protobuf: {
            nested: {
              Int64Value: wrapper("int64"),
              StringValue: wrapper("string"),
              BoolValue: wrapper("bool"),
            },
          },
        },
      },
      tensorflow: { nested: { serving: { nested: types as protobuf.INamespace["nested"] & {} } } },
    },
  };
}
