import protobuf from "protobufjs";
import { HEALTH_PROTO, reflectionProto } from "./protos/grpc.js";
import { ERROR_CODES_PROTO, GOOGLE_PROTO, TENSORFLOW_PROTO } from "./protos/tensorflow.js";
import { TENSORFLOW_SERVING_PROTO } from "./protos/tensorflow-serving.js";

/** All messages and services of the gRPC interface, with their published names. */
export const schema: protobuf.Root = new protobuf.Root();

for (const text of [
  GOOGLE_PROTO,
  TENSORFLOW_PROTO,
  ERROR_CODES_PROTO,
  TENSORFLOW_SERVING_PROTO,
  HEALTH_PROTO,
  reflectionProto("v1"),
  reflectionProto("v1alpha"),
]) {
  protobuf.parse(text, schema, { keepCase: true });
}
schema.resolveAll();
