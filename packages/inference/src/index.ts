/**
 * The model types (dtypes, tensors, signatures, predictors, platforms) and the checks of inputs against signatures.
 *
 * @packageDocumentation
 */
export { callTensors, takesAnyTensors } from "./any-tensor.js";
export { batchDimension } from "./batch-dimension.js";
export { checkPredictor } from "./check-predictor.js";
export {
  defineModel,
  defineSignatures,
  type ModelDefinition,
  type ModelLifecycle,
  type ModelLoadContext,
  type NoLoadBeforePredict,
  type SignaturesDefinition,
} from "./define-model.js";
export {
  definePlatform,
  type PlatformDefinition,
  type PlatformFactory,
  type PlatformLoadContext,
} from "./define-platform.js";
export { type DefinedModel, isDefinedModel } from "./defined-model.js";
export {
  type DType,
  isDType,
  NUMERIC_DTYPES,
  type NumericDType,
  type NumericDTypeInfo,
  type TensorData,
} from "./dtype.js";
export { errors as inferenceErrors } from "./errors.js";
export { checkExpected } from "./expected-model.js";
export { explainMissingModel } from "./foreign-files.js";
export { formatSignature } from "./format-signature.js";
export { type NestedOf, nestedOf, type PlainElementOf, rowsOf } from "./from-tensor.js";
export { gatedFiles } from "./gated-files.js";
export { type GuardOptions, guard } from "./guard.js";
export { type MapContext, type MappedFacts, type Mapping, mapLoaded } from "./map-loaded.js";
export { type MapDefinition, mapPredictor } from "./map-predictor.js";
export { type MemoryAllowance, OBJECT_BYTES, UNLIMITED_MEMORY } from "./memory-allowance.js";
export type {
  Model,
  ModelAnswer,
  ModelCallOptions,
  ModelCalls,
  OpenModels,
  ServerCallOptions,
} from "./model.js";
export type { CallContext } from "./model-call.js";
export { type ModelFacts, modelOf, plainSignatures } from "./model-of-predictor.js";
export { runAsModel, runningModel } from "./model-scope.js";
export type {
  Answer,
  DefaultOf,
  Given,
  Inputs,
  InputsOf,
  ModelType,
  OneSignature,
  Outputs,
  OutputsOf,
  SignatureMustBeNamed,
  SignatureSpecs,
  Specs,
  TensorOf,
  ValuesOf,
} from "./model-type.js";
export { openFile, readFileOf } from "./open-file.js";
export {
  checkOptionsOf,
  type OptionCheck,
  type OptionChecks,
  optionCheck,
} from "./option-checks.js";
export { optionsOfModel, ownOptions } from "./options-of-model.js";
export { plainElement } from "./plain-elements.js";
export {
  type AttachServices,
  type LibraryReportOptions,
  type ModelInspection,
  type ModelModule,
  type Platform,
  type PlatformCode,
  type PlatformServices,
  withMembers,
} from "./platform.js";
export type {
  InstalledLibrary,
  InstallLibraryOptions,
  InstallProgress,
  LibraryReport,
  OpenedLibrary,
} from "./platform-library.js";
export {
  type BodyAnswer,
  type Delegation,
  type Measure,
  type MeasuredValue,
  type PredictOptions,
  type Predictor,
  type PredictorState,
  RERUN_SINGLY,
  type RespondOptions,
  SERVING_JSON,
  type SharedPredictor,
} from "./predictor.js";
export type { Named, PredictorLike, SignatureLike } from "./predictor-like.js";
export { HANDOVER_BYTES, ReadHandover } from "./read-handover.js";
export { readWholeFile } from "./read-whole-file.js";
export { formatVerdict, type RowVerdict } from "./row-verdict.js";
export * as rowAnalysis from "./rows/index.js";
export { type CallLimits, settleCall, throwIfEnded } from "./settle-call.js";
export {
  DEFAULT_SIGNATURE,
  type OpaqueTensor,
  type Quantization,
  type Shape,
  type Signature,
  type TensorSpec,
} from "./signature.js";
export { formNamedBy, formsOf, namesBetween, renamed } from "./signature-forms.js";
export { type SpecFactories, type SpecFactory, spec } from "./spec.js";
export {
  type AnyTensor,
  elementCount,
  stringsOf,
  type Tensor,
  type Tensors,
  tensor,
} from "./tensor.js";
export { TensorRecord } from "./tensor-record.js";
export { toTensor, toTensors } from "./to-tensor.js";
export {
  findSignature,
  reasonOf,
  shapeFits,
  signatureOf,
  validateInputs,
  validateOutputs,
  validateTensor,
} from "./validate-inputs.js";
export type { AnyValues, ElementOf, List, TypedArray, Values } from "./values.js";
export { type WarmUpOptions, warmUpOf } from "./warm-up-options.js";
export { zeroInputs } from "./zeros.js";
