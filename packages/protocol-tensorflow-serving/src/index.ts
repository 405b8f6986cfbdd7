/**
 * TF Serving's REST and gRPC protocols, as a protocol of a serving-kit model server.
 *
 * @packageDocumentation
 */
export { type TensorflowServingOptions, tensorflowServing } from "./tensorflow-serving.js";
