import { messageOf } from "@serving-kit/core";
import type { Type } from "protobufjs";
import { errors } from "../errors.js";
import { schema } from "./schema.js";

/** How the messages of the calls that are not hot are read and written: as plain objects. */
export interface Codec<M extends object> {
  /** Fields that are absent have their defaults; 64-bit integers are texts, enums numbers. */
  decode(bytes: Uint8Array): M;
  encode(message: object): Uint8Array;
}

/** The codec of a message by its full name, such as `tensorflow.serving.GetModelStatusRequest`. */
export function codecOf<M extends object>(name: string): Codec<M> {
  const type: Type = schema.lookupType(name);
  return {
    decode(bytes) {
      try {
        const message = type.decode(bytes);
        return type.toObject(message, {
          longs: String,
          arrays: true,
          oneofs: true,
          defaults: true,
        }) as M;
      } catch (error) {
        throw errors.messageInvalid(messageOf(error));
      }
    },
    encode: (message) => type.encode(type.fromObject(message)).finish(),
  };
}
