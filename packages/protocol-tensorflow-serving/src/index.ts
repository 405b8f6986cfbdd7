/**
 * TF Serving's REST and gRPC protocols, and a page that lists the models, as protocols of a serving-kit model server.
 *
 * @packageDocumentation
 */
export { modelsPage } from "./models-page/models-page.js";
export { type TensorflowServingOptions, tensorflowServing } from "./tensorflow-serving.js";
