import { PROTOS } from "../../protocol-tensorflow-serving/src/grpc/messages.js";
import {
  type Codec,
  codecOf as codecIn,
  HEALTH_PROTO,
  reflectionProto,
  schemaOf,
} from "../src/grpc/schema.js";

const ALL = [...PROTOS, HEALTH_PROTO, reflectionProto("v1"), reflectionProto("v1alpha")];

/** The codec of a message of any service of the server, by its full name. */
export const codecOf = <M extends object>(name: string): Codec<M> =>
  codecIn<M>(schemaOf(ALL), name);
