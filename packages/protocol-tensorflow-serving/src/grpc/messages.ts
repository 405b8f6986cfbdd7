import { type Codec, codecOf, schemaOf } from "@serving-kit/server/grpc";
import {
  ERROR_CODES_PROTO,
  GOOGLE_PROTO,
  TENSORFLOW_PROTO,
  TENSORFLOW_SERVING_PROTO,
} from "@serving-kit/tensorflow-wire";
import { MODEL_SERVICE_PROTO } from "./model-service-proto.js";

/** The `.proto` sources of TF Serving's services and messages. */
export const PROTOS: readonly string[] = [
  GOOGLE_PROTO,
  TENSORFLOW_PROTO,
  ERROR_CODES_PROTO,
  TENSORFLOW_SERVING_PROTO,
  MODEL_SERVICE_PROTO,
];

/** The codec of a message of package `tensorflow.serving`. */
export const messageOfType = <M extends object = object>(name: string): Codec<M> =>
  codecOf<M>(schemaOf(PROTOS), `tensorflow.serving.${name}`);
