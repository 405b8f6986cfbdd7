/** An int64 as protobufjs decodes it: a number or a Long. */
export type Int64 = number | { toString(): string };

/** `TensorShapeProto`, decoded. */
export interface TensorShapeProto {
  readonly dim: readonly { readonly size: Int64 }[];
  readonly unknownRank: boolean;
}

/** `TensorInfo`, decoded. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: number;
  readonly tensorShape?: TensorShapeProto | null;
  readonly cooSparse?: {
    readonly valuesTensorName: string;
    readonly indicesTensorName: string;
    readonly denseShapeTensorName: string;
  } | null;
  readonly compositeTensor?: {
    readonly typeSpec?: {
      readonly typeSpecClass: number;
      readonly typeSpecClassName: string;
    } | null;
    readonly components: readonly TensorInfo[];
  } | null;
}

/** `TensorProto`, decoded. */
export interface TensorProto {
  readonly dtype: number;
  readonly tensorShape?: TensorShapeProto | null;
  readonly tensorContent: Uint8Array;
  readonly floatVal: readonly number[];
  readonly doubleVal: readonly number[];
  readonly intVal: readonly number[];
  readonly stringVal: readonly Uint8Array[];
  readonly scomplexVal: readonly number[];
  readonly int64Val: readonly Int64[];
  readonly boolVal: readonly boolean[];
  readonly dcomplexVal: readonly number[];
  readonly halfVal: readonly number[];
  readonly uint32Val: readonly number[];
  readonly uint64Val: readonly Int64[];
}

/** `SignatureDef`, decoded. */
export interface SignatureDef {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly outputs: Readonly<Record<string, TensorInfo>>;
  readonly methodName: string;
  readonly defaults: Readonly<Record<string, TensorProto>>;
}

/** `NodeDef`, decoded except its attributes. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  /** Serialized `AttrEntry` messages. */
  readonly attr: readonly Uint8Array[];
}

/** An attribute of a `NodeDef`; only types and functions are decoded. */
export interface AttrEntry {
  readonly key: string;
  readonly value?: {
    readonly list?: { readonly func: readonly { readonly name: string }[] } | null;
    readonly type: number;
    readonly func?: { readonly name: string } | null;
  } | null;
}

/** The value of an attribute of a `NodeDef`; only the parts for the analysis of rows are decoded. */
export interface NodeValue {
  readonly list?: {
    readonly i: readonly Int64[];
    readonly shape: readonly TensorShapeProto[];
    readonly func: readonly { readonly name: string }[];
  } | null;
  readonly s: Uint8Array;
  readonly i: Int64;
  readonly b: boolean;
  readonly shape?: TensorShapeProto | null;
  /** A serialized `TensorProto`. */
  readonly tensor: Uint8Array;
  readonly func?: { readonly name: string } | null;
}

/** `FunctionDef`, decoded except the attributes of its nodes. */
export interface FunctionDef {
  readonly signature?: {
    readonly name: string;
    readonly inputArg: readonly { readonly name: string }[];
    readonly outputArg: readonly { readonly name: string }[];
  } | null;
  readonly nodeDef: readonly NodeDef[];
  readonly ret: Readonly<Record<string, string>>;
  readonly controlRet: Readonly<Record<string, string>>;
}

/** `GraphDef`, decoded except its functions. */
export interface GraphDef {
  readonly node: readonly NodeDef[];
  /** Serialized `FunctionDef` messages. */
  readonly library?: { readonly function: readonly Uint8Array[] } | null;
}

/** `MetaGraphDef`, decoded except its graph. */
export interface MetaGraphDef {
  readonly metaInfoDef?: {
    readonly tags: readonly string[];
    readonly tensorflowVersion: string;
  } | null;
  /** A serialized `GraphDef`: a view of the file's bytes. */
  readonly graphDef: Uint8Array;
  readonly saverDef?: { readonly restoreOpName: string } | null;
  readonly signatureDef: Readonly<Record<string, SignatureDef>>;
  readonly assetFileDef: readonly { readonly filename: string }[];
}

/** `SavedModel`, decoded. */
export interface SavedModelProto {
  readonly metaGraphs: readonly MetaGraphDef[];
}

/** `Input` of a classification or regression, decoded; each example is a serialized `Example`. */
export interface ExamplesInput {
  readonly exampleList?: { readonly examples: readonly Uint8Array[] } | null;
  readonly exampleListWithContext?: {
    readonly examples: readonly Uint8Array[];
    readonly context: Uint8Array;
  } | null;
}

/** `ModelSpec`, decoded. */
export interface ModelSpec {
  readonly signatureName: string;
}

/** `PredictionLog`; only the parts for warm-up are decoded. */
export interface PredictionLog {
  readonly predictLog?: {
    readonly request?: {
      readonly modelSpec?: ModelSpec | null;
      readonly inputs: Readonly<Record<string, TensorProto>>;
      readonly outputFilter: readonly string[];
    } | null;
  } | null;
  readonly sessionRunLog?: object | null;
  readonly predictStreamedLog?: object | null;
  readonly classifyLog?: { readonly request?: ExamplesRequest | null } | null;
  readonly regressLog?: { readonly request?: ExamplesRequest | null } | null;
  readonly multiInferenceLog?: {
    readonly request?: {
      readonly tasks: readonly { readonly modelSpec?: ModelSpec | null }[];
      readonly input?: ExamplesInput | null;
    } | null;
  } | null;
}

/** `ClassificationRequest` or `RegressionRequest`, decoded. */
export interface ExamplesRequest {
  readonly modelSpec?: ModelSpec | null;
  readonly input?: ExamplesInput | null;
}
