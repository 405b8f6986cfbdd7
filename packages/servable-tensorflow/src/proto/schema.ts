import protobuf from "protobufjs/light.js";

type Field = readonly [type: string, id: number, rule?: "repeated"];

/** A message by its fields; unknown fields on the wire are skipped. */
const message = (fields: Readonly<Record<string, Field>>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, rule]]) => [
      name,
      { type, id, ...(rule && { rule }) },
    ]),
  ),
});

const withMaps = (
  { fields }: ReturnType<typeof message>,
  maps: Readonly<Record<string, Field>>,
) => ({
  fields: {
    ...fields,
    ...Object.fromEntries(
      Object.entries(maps).map(([name, [type, id]]) => [name, { keyType: "string", type, id }]),
    ),
  },
});

/** The fields of a message in which messages may be kept as bytes: both have the same wire format. */
const savedModel = (metaGraph: string) =>
  message({ savedModelSchemaVersion: ["int64", 1], metaGraphs: [metaGraph, 2, "repeated"] });
const metaGraph = (graph: string) =>
  withMaps(
    message({
      metaInfoDef: ["MetaInfoDef", 1],
      graphDef: [graph, 2],
      saverDef: ["SaverDef", 3],
      assetFileDef: ["AssetFileDef", 6, "repeated"],
    }),
    { signatureDef: ["SignatureDef", 5] },
  );
const node = { name: ["string", 1], op: ["string", 2], input: ["string", 3, "repeated"] } as const;
const functionDef = (nodeDef: string) =>
  withMaps(message({ signature: ["OpDef", 1], nodeDef: [nodeDef, 3, "repeated"] }), {
    ...{ ret: ["string", 4], controlRet: ["string", 6] },
  });

// Names and numbers of tensorflow/core/protobuf/{saved_model,meta_graph,saver}.proto,
// tensorflow/core/framework/{tensor,tensor_shape,graph,node_def,function,op_def,attr_value}.proto and
// tensorflow_serving/apis/*.proto, restricted to the fields that are read.
const root = protobuf.Root.fromJSON({
  nested: {
    // To read from bytes: parts that few models need stay bytes, as views instead of objects.
    SavedModel: savedModel("MetaGraphDef"),
    MetaGraphDef: metaGraph("bytes"),
    GraphDef: message({ node: ["NodeDef", 1, "repeated"], library: ["FunctionDefLibrary", 2] }),
    NodeDef: message({ ...node, attr: ["bytes", 5, "repeated"] }),
    AttrEntry: message({ key: ["string", 1], value: ["AttrValue", 2] }),
    FunctionDefLibrary: message({ function: ["bytes", 1, "repeated"] }),
    FunctionHead: message({ signature: ["OpDef", 1] }),
    FunctionDef: functionDef("NodeDef"),
    OpDef: message({
      ...{ name: ["string", 1], inputArg: ["ArgDef", 2, "repeated"] },
      outputArg: ["ArgDef", 3, "repeated"],
    }),
    ArgDef: message({ name: ["string", 1] }),
    AttrValue: message({
      ...{ list: ["AttrList", 1], type: ["int32", 6], func: ["NameAttrList", 10] },
    }),
    AttrList: message({ func: ["NameAttrList", 9, "repeated"] }),
    NameAttrList: message({ name: ["string", 1] }),
    // Same as `AttrEntry`, with the values for the analysis of rows.
    ValueEntry: message({ key: ["string", 1], value: ["NodeValue", 2] }),
    NodeValue: message({
      ...{ list: ["NodeValues", 1], s: ["bytes", 2], i: ["int64", 3], b: ["bool", 5] },
      ...{ shape: ["TensorShapeProto", 7], tensor: ["bytes", 8], func: ["NameAttrList", 10] },
    }),
    NodeValues: message({
      ...{ i: ["int64", 3, "repeated"], shape: ["TensorShapeProto", 7, "repeated"] },
      func: ["NameAttrList", 9, "repeated"],
    }),
    SaverDef: message({ restoreOpName: ["string", 3] }),

    // The same messages, to read from text.
    SavedModelText: savedModel("MetaGraphDefText"),
    MetaGraphDefText: metaGraph("GraphDefText"),
    GraphDefText: message({
      node: ["NodeDefText", 1, "repeated"],
      library: ["FunctionDefLibraryText", 2],
    }),
    NodeDefText: withMaps(message(node), { attr: ["AttrValue", 5] }),
    FunctionDefLibraryText: message({ function: ["FunctionDefText", 1, "repeated"] }),
    FunctionDefText: functionDef("NodeDefText"),

    // tensorflow/core/protobuf/tensor_bundle.proto
    BundleHeaderProto: message({ numShards: ["int32", 1] }),
    BundleEntryProto: message({
      ...{ shardId: ["int32", 3], offset: ["int64", 4], size: ["int64", 5] },
    }),

    GraphNames: message({ node: ["NodeNames", 1, "repeated"] }),
    NodeNames: message({ name: ["string", 1], op: ["string", 2] }),
    MetaInfoDef: message({ tags: ["string", 4, "repeated"], tensorflowVersion: ["string", 5] }),
    SignatureDef: withMaps(message({ methodName: ["string", 3] }), {
      inputs: ["TensorInfo", 1],
      outputs: ["TensorInfo", 2],
      defaults: ["TensorProto", 4],
    }),
    TensorInfo: message({
      name: ["string", 1],
      dtype: ["int32", 2],
      tensorShape: ["TensorShapeProto", 3],
      cooSparse: ["CooSparse", 4],
      compositeTensor: ["CompositeTensor", 5],
    }),
    CooSparse: message({
      valuesTensorName: ["string", 1],
      indicesTensorName: ["string", 2],
      denseShapeTensorName: ["string", 3],
    }),
    CompositeTensor: message({
      typeSpec: ["TypeSpecProto", 1],
      components: ["TensorInfo", 2, "repeated"],
    }),
    TypeSpecProto: message({
      typeSpecClass: ["int32", 1],
      typeSpecClassName: ["string", 3],
    }),
    Skipped: message({}),
    TensorShapeProto: message({ dim: ["Dim", 2, "repeated"], unknownRank: ["bool", 3] }),
    Dim: message({ size: ["int64", 1] }),
    AssetFileDef: message({ tensorInfo: ["TensorInfo", 1], filename: ["string", 2] }),
    TensorProto: message({
      dtype: ["int32", 1],
      tensorShape: ["TensorShapeProto", 2],
      tensorContent: ["bytes", 4],
      floatVal: ["float", 5, "repeated"],
      doubleVal: ["double", 6, "repeated"],
      intVal: ["int32", 7, "repeated"],
      stringVal: ["bytes", 8, "repeated"],
      scomplexVal: ["float", 9, "repeated"],
      int64Val: ["int64", 10, "repeated"],
      boolVal: ["bool", 11, "repeated"],
      dcomplexVal: ["double", 12, "repeated"],
      halfVal: ["int32", 13, "repeated"],
      uint32Val: ["uint32", 16, "repeated"],
      uint64Val: ["uint64", 17, "repeated"],
    }),

    PredictionLog: message({
      classifyLog: ["ClassifyLog", 2],
      regressLog: ["ClassifyLog", 3],
      multiInferenceLog: ["MultiInferenceLog", 4],
      sessionRunLog: ["Skipped", 5],
      predictLog: ["PredictLog", 6],
      predictStreamedLog: ["Skipped", 7],
    }),
    PredictLog: message({ request: ["PredictRequest", 1] }),
    ClassifyLog: message({ request: ["ExamplesRequest", 1] }),
    MultiInferenceLog: message({ request: ["MultiInferenceRequest", 1] }),
    ModelSpec: message({ signatureName: ["string", 3] }),
    PredictRequest: withMaps(
      message({ modelSpec: ["ModelSpec", 1], outputFilter: ["string", 3, "repeated"] }),
      { inputs: ["TensorProto", 2] },
    ),
    // ClassificationRequest and RegressionRequest, which have the same fields.
    ExamplesRequest: message({ modelSpec: ["ModelSpec", 1], input: ["Input", 2] }),
    MultiInferenceRequest: message({
      tasks: ["InferenceTask", 1, "repeated"],
      input: ["Input", 2],
    }),
    InferenceTask: message({ modelSpec: ["ModelSpec", 1] }),
    Input: message({
      exampleList: ["ExampleList", 1],
      exampleListWithContext: ["ExampleListWithContext", 2],
    }),
    // Examples are passed on as they are: on the wire, a message field is a bytes field.
    ExampleList: message({ examples: ["bytes", 1, "repeated"] }),
    ExampleListWithContext: message({ examples: ["bytes", 1, "repeated"], context: ["bytes", 2] }),

    // ConfigProto of tensorflow/core/protobuf/config.proto.
    ConfigProto: message({
      intraOpParallelismThreads: ["int32", 2],
      interOpParallelismThreads: ["int32", 5],
      gpuOptions: ["GPUOptions", 6],
    }),
    GPUOptions: message({
      perProcessGpuMemoryFraction: ["double", 1],
      allowGrowth: ["bool", 4],
      visibleDeviceList: ["string", 5],
    }),
  },
});

/** The messages by name, for decoding and encoding. */
export const savedModelType = root.lookupType("SavedModel");
export const savedModelTextType = root.lookupType("SavedModelText");
export const bundleHeaderType = root.lookupType("BundleHeaderProto");
export const bundleEntryType = root.lookupType("BundleEntryProto");
export const graphNamesType = root.lookupType("GraphNames");
export const graphDefType = root.lookupType("GraphDef");
export const graphDefTextType = root.lookupType("GraphDefText");
export const functionHeadType = root.lookupType("FunctionHead");
export const functionDefType = root.lookupType("FunctionDef");
export const attrEntryType = root.lookupType("AttrEntry");
export const valueEntryType = root.lookupType("ValueEntry");
export const predictionLogType = root.lookupType("PredictionLog");
export const configProtoType = root.lookupType("ConfigProto");
export const tensorProtoType = root.lookupType("TensorProto");
