/**
 * The model server with all built-in platforms, and the types and helpers that programs need to use it.
 *
 * @packageDocumentation
 */
export {
  AspiredVersionsManager,
  availabilityPreserving,
  type Code,
  isServingError,
  type Loader,
  resourcePreserving,
  type ServableId,
  type ServableRequest,
  type ServableState,
  ServingError,
  type Source,
  sourceFrom,
  type Version,
} from "@serving-kit/core";
export {
  type AnyTensor,
  type CallContext,
  type DefinedModel,
  type DType,
  defineModel,
  definePlatform,
  defineSignatures,
  guard,
  type Model,
  type ModelCallOptions,
  type ModelType,
  mapPredictor,
  nestedOf,
  type Platform,
  type Predictor,
  rowsOf,
  type ServerCallOptions,
  type Signature,
  spec,
  stringsOf,
  type Tensor,
  type TensorOf,
  type TensorSpec,
  type Tensors,
  tensor,
  toTensor,
  type Values,
} from "@serving-kit/inference";
export { type OnnxOptions, onnx } from "@serving-kit/servable-onnx";
export { type PythonModelOptions, type PythonOptions, python } from "@serving-kit/servable-python";
export { type TensorFlowOptions, tensorflow } from "@serving-kit/servable-tensorflow";
export { type TfliteOptions, tflite } from "@serving-kit/servable-tflite";
export { lightgbm, type TreeOptions, xgboost } from "@serving-kit/servable-trees";
export type { ModelConfig, ModelServer, StrayErrorOptions } from "@serving-kit/server";
export {
  customPlatform,
  drainOnStrayError,
  model,
  openModelConfigFile,
  watchModelConfig,
} from "@serving-kit/server/lazy";
export {
  all,
  filesystemSource,
  latest,
  type ServableVersionPolicy,
  specific,
} from "@serving-kit/source-filesystem";
export { builtInPlatforms } from "./built-ins.js";
export { type LoadModelOptions, loadModel } from "./load-model.js";
export { createModelServer, type ModelServerOptions } from "./model-server.js";
