import type { NativeDeclaration, NativeFunction } from "@serving-kit/native-library";

const model = "void *";
const options = "void *";
const interpreter = "void *";
const delegate = "void *";
const tensor = "void *";
const status = "int";

/**
 * The functions of the TensorFlow Lite C API (tensorflow/lite/c/c_api.h, common.h and
 * delegates/xnnpack/xnnpack_delegate.h of 2.9). An interpreter is used by one thread at a time; a
 * model by any number.
 */
export const declarations = {
  /** Does not copy the bytes: they stay until modelDelete. Null when they are no model. */
  modelCreate: ["TfLiteModelCreate", model, "void *", "size_t"],
  /** After every interpreter of the model is gone. */
  modelDelete: ["TfLiteModelDelete", "void", model],

  optionsCreate: ["TfLiteInterpreterOptionsCreate", options],
  /** May be called as soon as the interpreter is there. */
  optionsDelete: ["TfLiteInterpreterOptionsDelete", "void", options],
  setNumThreads: ["TfLiteInterpreterOptionsSetNumThreads", "void", options, "int32_t"],
  addDelegate: ["TfLiteInterpreterOptionsAddDelegate", "void", options, delegate],
  /** (options, void (*)(void *userData, const char *format, va_list args), userData) */
  setErrorReporter: [
    "TfLiteInterpreterOptionsSetErrorReporter",
    "void",
    options,
    "void *",
    "void *",
  ],

  /** Applies the delegates, which pack the weights: takes long for a large model. */
  interpreterCreate: ["TfLiteInterpreterCreate", interpreter, model, options],
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

  tensorType: ["TfLiteTensorType", "int", tensor],
  tensorRank: ["TfLiteTensorNumDims", "int32_t", tensor],
  tensorDimension: ["TfLiteTensorDim", "int32_t", tensor, "int32_t"],
  tensorBytes: ["TfLiteTensorByteSize", "size_t", tensor],
  /** Null before memory is allocated. Moves with allocateTensors; of dynamic tensors with invoke. */
  tensorData: ["TfLiteTensorData", "void *", tensor],
  copyIn: ["TfLiteTensorCopyFromBuffer", status, tensor, "void *", "size_t"],
  /** Gives a dynamic tensor, such as one of strings, memory of a size. */
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
