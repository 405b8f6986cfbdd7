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
 * tf_status.h). In the libraries of the Python package part of them is in `libtensorflow_framework`.
 * All may be called from any thread; a session runs any number of calls at once.
 */
export const declarations = {
  newStatus: ["TF_NewStatus", status],
  deleteStatus: ["TF_DeleteStatus", "void", status],
  code: ["TF_GetCode", "int", status],
  /** Belongs to the status, until it is written again. */
  message: ["TF_Message", "str", status],

  newOptions: ["TF_NewSessionOptions", options],
  deleteOptions: ["TF_DeleteSessionOptions", "void", options],
  /** (options, serialized ConfigProto, its length, status) */
  setConfig: ["TF_SetConfig", "void", options, "void *", "size_t", status],

  /** (bytes, length): copies. */
  newBuffer: ["TF_NewBufferFromString", "void *", "void *", "size_t"],
  deleteBuffer: ["TF_DeleteBuffer", "void", "void *"],

  newGraph: ["TF_NewGraph", graph],
  /** After its session is deleted. */
  deleteGraph: ["TF_DeleteGraph", "void", graph],
  /** Belongs to the graph; null where there is none of the name. */
  operationByName: ["TF_GraphOperationByName", operation, graph, "str"],
  outputCount: ["TF_OperationNumOutputs", "int", operation],

  /** (graph, type, name): an op to be; `finishOperation` ends it, also if that fails. */
  newOperation: ["TF_NewOperation", description, graph, "str", "str"],
  addInput: ["TF_AddInput", "void", description, output],
  /** (description, TF_Output[], how many): one input that is a list. */
  addInputList: ["TF_AddInputList", "void", description, "void *", "int"],
  setAttrType: ["TF_SetAttrType", "void", description, "str", "int"],
  /** (description, status): the op, which belongs to the graph; null on error. */
  finishOperation: ["TF_FinishOperation", operation, description, status],

  /** (options, RunOptions, folder, tags, how many, graph, MetaGraphDef out, status); null on error. */
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
  /** Waits for nothing: no run may be in flight. */
  deleteSession: ["TF_DeleteSession", "void", session, status],
  /**
   * (session, RunOptions, TF_Output[] fed, TF_Tensor *[] of them, how many, TF_Output[] fetched,
   * TF_Tensor *[] written, how many, targets, how many, RunMetadata, status). The caller deletes the
   * tensors of both lists.
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

  /** (type, dims, rank, bytes); memory is aligned and not cleared; null when there is not enough. */
  allocateTensor: ["TF_AllocateTensor", tensor, "int", "void *", "int", "size_t"],
  /** Frees the memory, and the strings in it, with the last tensor that shares it. */
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

  /** Registers the ops of a library, once in a process. Null on error. */
  loadOpLibrary: ["TF_LoadLibrary", library, "str", status],
} satisfies Record<string, NativeDeclaration>;

/** The declared functions. */
export type Bindings = Readonly<Record<keyof typeof declarations, NativeFunction>>;

/** The functions without which nothing works. */
export const requiredSymbols: readonly string[] = [
  declarations.loadSavedModel,
  declarations.run,
  declarations.allocateTensor,
  declarations.stringCopy,
].map(([symbol]) => symbol);
