import protobuf from "protobufjs/light.js";

type Field = readonly [type: string, id: number, rule?: "repeated"];

/** A message by its fields; unknown fields of the wire are skipped. */
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

// Names and numbers of tensorflow/core/protobuf/{saved_model,meta_graph}.proto,
// tensorflow/core/framework/{tensor,tensor_shape}.proto and tensorflow_serving/apis/*.proto, as far
// as they are read. The graph itself (MetaGraphDef.graph_def) is left to TensorFlow.
const root = protobuf.Root.fromJSON({
  nested: {
    SavedModel: message({
      savedModelSchemaVersion: ["int64", 1],
      metaGraphs: ["MetaGraphDef", 2, "repeated"],
    }),
    MetaGraphDef: withMaps(
      message({
        metaInfoDef: ["MetaInfoDef", 1],
        assetFileDef: ["AssetFileDef", 6, "repeated"],
      }),
      { signatureDef: ["SignatureDef", 5] },
    ),
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
      cooSparse: ["Skipped", 4],
      compositeTensor: ["Skipped", 5],
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
    // Examples are handed on as they are: on the wire a message field is a bytes field.
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
export const predictionLogType = root.lookupType("PredictionLog");
export const configProtoType = root.lookupType("ConfigProto");
export const tensorProtoType = root.lookupType("TensorProto");
