import type { NativeDeclaration, NativeFunction } from "@serving-kit/native-library";

const model = "void *";
const options = "void *";
const interpreter = "void *";
const delegate = "void *";
const tensor = "void *";
const runner = "void *";
/** The bytes of a string that ends with 0. */
const name = "void *";
const status = "int";

/**
 * The functions of the TensorFlow Lite C API (tensorflow/lite/c/c_api.h, common.h and
 * delegates/xnnpack/xnnpack_delegate.h of 2.9 and 2.21). An interpreter is used by one thread at a time; a
 * model by any number.
 */
export const declarations = {
  /** Does not copy the bytes: they stay until modelDelete. Null when they are not a model. */
  modelCreate: ["TfLiteModelCreate", model, "void *", "size_t"],
  /** After every interpreter of the model is gone. */
  modelDelete: ["TfLiteModelDelete", "void", model],

  optionsCreate: ["TfLiteInterpreterOptionsCreate", options],
  /** May be called as soon as the interpreter is there. */
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

  /** Lets `cancel` stop a run. Not in 2.9. */
  enableCancellation: ["TfLiteInterpreterOptionsEnableCancellation", status, options, "bool"],

  interpreterCreate: ["TfLiteInterpreterCreate", interpreter, model, options],
  /**
   * Lets a delegate take what it can of all subgraphs. A delegate without the flag for dynamic tensors
   * prepares the operators for the current shapes. XNNPACK packs the weights: takes long for a large model.
   */
  modifyGraph: ["TfLiteInterpreterModifyGraphWithDelegate", status, interpreter, delegate],
  /** From any thread. Stops the run in progress between two operators, not the next. Not in 2.9. */
  cancel: ["TfLiteInterpreterCancel", status, interpreter],
  /** Before its delegates are deleted. */
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
  /** Tensors belong to the interpreter. allocateTensors and invoke can move them: do not keep these. */
  input: ["TfLiteInterpreterGetInputTensor", tensor, interpreter, "int32_t"],
  output: ["TfLiteInterpreterGetOutputTensor", tensor, interpreter, "int32_t"],

  /** By the key in the file. Null if there is no such signature. Not in 2.9. */
  signatureRunner: ["TfLiteInterpreterGetSignatureRunner", runner, interpreter, name],
  /** Before its interpreter is deleted. */
  runnerDelete: ["TfLiteSignatureRunnerDelete", "void", runner],
  /** Refuses to change an extent that is not -1 in the file. */
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
  /** Null before memory is allocated. Moves with allocateTensors; of dynamic tensors with invoke. */
  tensorData: ["TfLiteTensorData", "void *", tensor],
  copyIn: ["TfLiteTensorCopyFromBuffer", status, tensor, "void *", "size_t"],
  /** Allocates the memory of a dynamic tensor, such as one of strings. */
  tensorRealloc: ["TfLiteTensorRealloc", "void", "size_t", tensor],

  /** Takes a pointer to options, which it copies. */
  xnnpackCreate: ["TfLiteXNNPackDelegateCreate", delegate, "void *"],
  xnnpackDelete: ["TfLiteXNNPackDelegateDelete", "void", delegate],
} satisfies Record<string, NativeDeclaration>;

/** The declared functions. */
export type Bindings = Readonly<Record<keyof typeof declarations, NativeFunction>>;

/** TfLiteStatus of success. */
export const OK = 0;

/** The functions without which nothing works. */
export const requiredSymbols: readonly string[] = [
  declarations.modelCreate,
  declarations.interpreterCreate,
  declarations.invoke,
  declarations.setErrorReporter,
  declarations.resetVariables,
].map(([symbol]) => symbol);
