import { messageOf, ServingError } from "@serving-kit/core";

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");

/** Error factories of this package, one per reason. */
export const errors = {
  modelFileMissing: (
    path: string,
    problem: string,
    { remedy, cause }: { remedy?: string; cause?: unknown } = {},
  ) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_FILE_MISSING",
      `expected a .tflite file, or a folder with model.tflite or one *.tflite, at ${path}; ${problem}${remedy === undefined ? "" : `; ${remedy}`}`,
      { cause, details: { path, problem, remedy } },
    ),

  modelFileInvalid: (path: string, problem: unknown) =>
    new ServingError(
      "DATA_LOSS",
      "MODEL_FILE_INVALID",
      `${path} is not a valid .tflite file: ${messageOf(problem)}; copy it again`,
      { cause: problem, details: { path } },
    ),

  modelUnsupported: (problem: string, cause?: unknown) =>
    new ServingError("UNIMPLEMENTED", "MODEL_UNSUPPORTED", problem, { cause }),

  modelRefused: (path: string, library: string, message: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "MODEL_REFUSED",
      `${library} refuses ${path}: ${message || "it gave no reason"}`,
      { details: { path } },
    ),

  signatureOnSubgraph: (
    name: string,
    subgraph: number,
    library: string,
    callable: readonly string[],
  ) =>
    new ServingError(
      "UNIMPLEMENTED",
      "SIGNATURE_UNIMPLEMENTED",
      `signature "${name}" belongs to subgraph ${subgraph}; ${library} runs only subgraph 0, whose signatures are ${quoted(callable) || "none"}. Use a runtime of 2.21, or convert the model with one signature a file`,
      { details: { signature: name, subgraph } },
    ),

  signatureMissing: (key: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "SIGNATURE_UNIMPLEMENTED",
      `TensorFlow Lite does not find signature "${key}" in the model; convert the model again`,
      { details: { signature: key } },
    ),

  exampleInvalid: (index: number, problem: string, cause?: unknown) =>
    new ServingError("INVALID_ARGUMENT", "EXAMPLE_INVALID", `example ${index}: ${problem}`, {
      cause,
      details: { index },
    }),

  reshapeFailed: (shapes: string, message: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_SHAPE_REFUSED",
      `the model cannot run on inputs of shape ${shapes}: ${message || "TensorFlow Lite gave no reason"}`,
    ),

  stringsUnsupported: (library: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "STRING_TENSORS_UNIMPLEMENTED",
      `the library ${library} does not export TfLiteTensorRealloc, which inputs of dtype string need`,
    ),

  operandsUnchecked: (path: string, runtime: string, operands: readonly string[]) =>
    new ServingError(
      "UNIMPLEMENTED",
      "OPERANDS_UNCHECKED",
      `${path} computes operands that ${runtime} does not check, and that cannot be checked before the run: ${operands.join("; ")}. A wrong value would read or write memory outside of the model. Clip the values in the model, or set option uncheckedOps: "allow" if no input can make them wrong`,
      { details: { path } },
    ),

  operandOutOfRange: ({ source, place, operand, expected, got, shapes }: OperandProblem) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "OPERAND_OUT_OF_RANGE",
      `${source === undefined ? `inputs ${shapes} are` : `input "${source}" is`} out of range for ${operand} of ${place}: expected ${expected}; got ${got}`,
      { details: { operand, ...(source !== undefined && { input: source }) } },
    ),

  tensorTooLarge: ({ source, place, expected, got, shapes }: OperandProblem) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_TOO_LARGE",
      `${source === undefined ? `inputs ${shapes} make` : `input "${source}" makes`} the result of ${place} too large: expected ${expected}; got ${got}`,
      { details: { ...(source !== undefined && { input: source }) } },
    ),

  tensorUnreadable: (dtype: string, shape: readonly number[], bytes: number, most: number) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "TENSOR_TOO_LARGE",
      `expected tensors of at most ${most} bytes, the largest buffer of Node.js; the model makes a ${dtype} tensor of shape [${shape}] with ${bytes} bytes. Send smaller inputs`,
      { details: { bytes } },
    ),
};

/** An operand of an operator and its value. */
interface OperandProblem {
  /** The input of the model that the value comes from, if it is one. */
  readonly source?: string;
  /** The operator and the tensor. */
  readonly place: string;
  readonly operand: string;
  readonly expected: string;
  readonly got: string;
  /** The shapes of all inputs. */
  readonly shapes: string;
}
