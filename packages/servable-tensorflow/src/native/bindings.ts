import type { NativeDeclaration, NativeFunction } from "@serving-kit/native-library";

const options = "void *";
const status = "void *";
const graph = "void *";
const session = "void *";
const tensor = "void *";
const operation = "void *";
const tstring = "void *";
const library = "void *";
const description = "void *";
/** A TF_Output by value: an object `{ operation, index }`. */
const output = { struct: { operation, index: "int" } };

/**
 * The functions of the TensorFlow C API (tensorflow/c/c_api.h, tf_tensor.h, tf_tstring.h and
 * tf_status.h). In the libraries of the Python package, some of them are in `libtensorflow_framework`. All may be
 * called from any thread; a session supports any number of concurrent calls.
 */
export const declarations = {
  newStatus: ["TF_NewStatus", status],
  deleteStatus: ["TF_DeleteStatus", "void", status],
  code: ["TF_GetCode", "int", status],
  /** Belongs to the status, and is valid until the status is written again. */
  message: ["TF_Message", "str", status],

  newOptions: ["TF_NewSessionOptions", options],
  deleteOptions: ["TF_DeleteSessionOptions", "void", options],
  /** (options, serialized ConfigProto, its length, status) */
  setConfig: ["TF_SetConfig", "void", options, "void *", "size_t", status],

  /** (bytes, length): copies. */
  newBuffer: ["TF_NewBufferFromString", "void *", "void *", "size_t"],
  deleteBuffer: ["TF_DeleteBuffer", "void", "void *"],

  newGraph: ["TF_NewGraph", graph],
  /** Call it after the graph's session is deleted. */
  deleteGraph: ["TF_DeleteGraph", "void", graph],
  /** Belongs to the graph; null if there is none of the name. */
  operationByName: ["TF_GraphOperationByName", operation, graph, "str"],
  outputCount: ["TF_OperationNumOutputs", "int", operation],

  /** (graph, type, name): starts an op; `finishOperation` ends it, even if that fails. */
  newOperation: ["TF_NewOperation", description, graph, "str", "str"],
  addInput: ["TF_AddInput", "void", description, output],
  /** (description, TF_Output[], number): one input that is a list. */
  addInputList: ["TF_AddInputList", "void", description, "void *", "int"],
  setAttrType: ["TF_SetAttrType", "void", description, "str", "int"],
  /** (description, status): the op, which belongs to the graph; null on error. */
  finishOperation: ["TF_FinishOperation", operation, description, status],

  /** (options, RunOptions, folder, tags, number, graph, MetaGraphDef out, status); null on error. */
  loadSavedModel: [
    "TF_LoadSessionFromSavedModel",
    session,
    options,
    "void *",
    "str",
    "const char **",
    "int",
    graph,
    "void *",
    status,
  ],
  /** (graph, options, status): a session of an empty graph; null on error. */
  newSession: ["TF_NewSession", session, graph, options, status],
  closeSession: ["TF_CloseSession", "void", session, status],
  /** Does not wait: no run may be in flight. */
  deleteSession: ["TF_DeleteSession", "void", session, status],
  /**
   * (session, RunOptions, TF_Output[] fed, TF_Tensor *[] of them, number, TF_Output[] fetched, TF_Tensor *[] written,
   * number, targets, number, RunMetadata, status). The caller deletes the tensors of both lists.
   */
  run: [
    "TF_SessionRun",
    "void",
    session,
    "void *",
    "void *",
    "void *",
    "int",
    "void *",
    "void *",
    "int",
    "void *",
    "int",
    "void *",
    status,
  ],

  /** (type, dims, rank, bytes); memory is aligned and not cleared; null if there is not enough. */
  allocateTensor: ["TF_AllocateTensor", tensor, "int", "void *", "int", "size_t"],
  /** Frees the memory, including its strings, when the last tensor that shares it is deleted. */
  deleteTensor: ["TF_DeleteTensor", "void", tensor],
  tensorType: ["TF_TensorType", "int", tensor],
  tensorRank: ["TF_NumDims", "int", tensor],
  tensorDimension: ["TF_Dim", "int64_t", tensor, "int"],
  tensorBytes: ["TF_TensorByteSize", "size_t", tensor],
  tensorData: ["TF_TensorData", "void *", tensor],

  /** (string, bytes, length): copies. A string of 24 zero bytes is an empty one. */
  stringCopy: ["TF_StringCopy", "void", tstring, "void *", "size_t"],
  stringData: ["TF_StringGetDataPointer", "void *", tstring],
  stringSize: ["TF_StringGetSize", "size_t", tstring],

  /** Registers the ops of a library, once per process. Null on error. */
  loadOpLibrary: ["TF_LoadLibrary", library, "str", status],
} satisfies Record<string, NativeDeclaration>;

/** The declared functions. */
export type Bindings = Readonly<Record<keyof typeof declarations, NativeFunction>>;

/** The functions that every model needs. */
export const requiredSymbols: readonly string[] = [
  declarations.loadSavedModel,
  declarations.run,
  declarations.allocateTensor,
  declarations.stringCopy,
].map(([symbol]) => symbol);
