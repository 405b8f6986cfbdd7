import type { NativeDeclaration, NativeFunction } from "@serving-kit/native-library";

const model = "void *";
const options = "void *";
const interpreter = "void *";
const delegate = "void *";
const tensor = "void *";
const runner = "void *";
/** The bytes of a NUL-terminated string. */
const name = "void *";
const status = "int";

/**
 * The functions of the TensorFlow Lite C API (tensorflow/lite/c/c_api.h, common.h and
 * delegates/xnnpack/xnnpack_delegate.h of 2.9 and 2.21). Use an interpreter from one thread at a time; any number of
 * threads may use a model.
 */
export const declarations = {
  /** Does not copy the bytes: keep them until modelDelete. Returns null if they are not a model. */
  modelCreate: ["TfLiteModelCreate", model, "void *", "size_t"],
  /** Call it after all interpreters of the model are deleted. */
  modelDelete: ["TfLiteModelDelete", "void", model],

  optionsCreate: ["TfLiteInterpreterOptionsCreate", options],
  /** May be called as soon as the interpreter exists. */
  optionsDelete: ["TfLiteInterpreterOptionsDelete", "void", options],
  setNumThreads: ["TfLiteInterpreterOptionsSetNumThreads", "void", options, "int32_t"],
  /** (options, void (*)(void *userData, const char *format, va_list args), userData) */
  setErrorReporter: [
    "TfLiteInterpreterOptionsSetErrorReporter",
    "void",
    options,
    "void *",
    "void *",
  ],

  /** Allows `cancel` to stop a run. Not in 2.9. */
  enableCancellation: ["TfLiteInterpreterOptionsEnableCancellation", status, options, "bool"],

  interpreterCreate: ["TfLiteInterpreterCreate", interpreter, model, options],
  /**
   * Lets a delegate take every part of the subgraphs that it supports. A delegate without the flag for dynamic tensors
   * prepares the operators for the current shapes. XNNPACK packs the weights, which is slow for a large model.
   */
  modifyGraph: ["TfLiteInterpreterModifyGraphWithDelegate", status, interpreter, delegate],
  /** Call it from any thread. Stops the run in progress between two operators, but not the next run. Not in 2.9. */
  cancel: ["TfLiteInterpreterCancel", status, interpreter],
  /** Call it before the interpreter's delegates are deleted. */
  interpreterDelete: ["TfLiteInterpreterDelete", "void", interpreter],
  resizeInput: [
    "TfLiteInterpreterResizeInputTensor",
    status,
    interpreter,
    "int32_t",
    "void *",
    "int32_t",
  ],
  /** Moves all tensors and their data. */
  allocateTensors: ["TfLiteInterpreterAllocateTensors", status, interpreter],
  resetVariables: ["TfLiteInterpreterResetVariableTensors", status, interpreter],
  invoke: ["TfLiteInterpreterInvoke", status, interpreter],
  inputCount: ["TfLiteInterpreterGetInputTensorCount", "int32_t", interpreter],
  outputCount: ["TfLiteInterpreterGetOutputTensorCount", "int32_t", interpreter],
  /** Tensors belong to the interpreter. Do not keep them: allocateTensors and invoke can move them. */
  input: ["TfLiteInterpreterGetInputTensor", tensor, interpreter, "int32_t"],
  output: ["TfLiteInterpreterGetOutputTensor", tensor, interpreter, "int32_t"],

  /** Takes the key in the file. Returns null if there is no such signature. Not in 2.9. */
  signatureRunner: ["TfLiteInterpreterGetSignatureRunner", runner, interpreter, name],
  /** Call it before the runner's interpreter is deleted. */
  runnerDelete: ["TfLiteSignatureRunnerDelete", "void", runner],
  /** Fails for an extent that is not -1 in the file. */
  runnerResizeInput: [
    "TfLiteSignatureRunnerResizeInputTensor",
    status,
    runner,
    name,
    "void *",
    "int32_t",
  ],
  runnerAllocate: ["TfLiteSignatureRunnerAllocateTensors", status, runner],
  runnerInvoke: ["TfLiteSignatureRunnerInvoke", status, runner],
  runnerInput: ["TfLiteSignatureRunnerGetInputTensor", tensor, runner, name],
  runnerOutput: ["TfLiteSignatureRunnerGetOutputTensor", tensor, runner, name],

  tensorType: ["TfLiteTensorType", "int", tensor],
  tensorRank: ["TfLiteTensorNumDims", "int32_t", tensor],
  tensorDimension: ["TfLiteTensorDim", "int32_t", tensor, "int32_t"],
  tensorBytes: ["TfLiteTensorByteSize", "size_t", tensor],
  /** Returns null before memory is allocated. allocateTensors moves the data; invoke moves dynamic tensors. */
  tensorData: ["TfLiteTensorData", "void *", tensor],
  copyIn: ["TfLiteTensorCopyFromBuffer", status, tensor, "void *", "size_t"],
  /** Allocates the memory of a dynamic tensor, such as a string tensor. */
  tensorRealloc: ["TfLiteTensorRealloc", "void", "size_t", tensor],

  /** Takes a pointer to options, which it copies. */
  xnnpackCreate: ["TfLiteXNNPackDelegateCreate", delegate, "void *"],
  xnnpackDelete: ["TfLiteXNNPackDelegateDelete", "void", delegate],
} satisfies Record<string, NativeDeclaration>;

/** The declared functions. */
export type Bindings = Readonly<Record<keyof typeof declarations, NativeFunction>>;

/** TfLiteStatus of success. */
export const OK = 0;

/** The functions that every model needs. */
export const requiredSymbols: readonly string[] = [
  declarations.modelCreate,
  declarations.interpreterCreate,
  declarations.invoke,
  declarations.setErrorReporter,
  declarations.resetVariables,
].map(([symbol]) => symbol);
