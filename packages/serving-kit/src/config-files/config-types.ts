import type { TextFormat } from "@serving-kit/server";
import protobuf from "protobufjs/light.js";
import { configProtoMessages } from "./config-proto.js";
import { message } from "./proto-message.js";

const wrapper = (type: string) => message({ value: [type, 1] });

// Names of tensorflow_serving/config/platform_config.proto and of
// servables/tensorflow/{session_bundle_config,session_bundle_source_adapter,saved_model_bundle_source_adapter}.proto.
const serving = {
  PlatformConfigMap: message({}, { platformConfigs: ["PlatformConfig", 1] }),
  PlatformConfig: message({ sourceAdapterConfig: ["google.protobuf.Any", 1] }),
  SavedModelBundleSourceAdapterConfig: message({ legacyConfig: ["SessionBundleConfig", 1000] }),
  SessionBundleSourceAdapterConfig: message({ config: ["SessionBundleConfig", 1] }),
  SessionBundleConfig: message({
    sessionTarget: ["string", 1],
    sessionConfig: ["tensorflow.ConfigProto", 2],
    batchingParameters: ["BatchingParameters", 3],
    sessionRunLoadThreadpoolIndex: ["google.protobuf.Int32Value", 4],
    experimentalTransientRamBytesDuringLoad: ["uint64", 5],
    savedModelTags: ["string", 6, "repeated"],
    enableModelWarmup: ["bool", 779],
    modelWarmupOptions: ["ModelWarmupOptions", 780],
    enableSessionMetadata: ["bool", 781],
    removeUnusedFieldsFromBundleMetagraph: ["bool", 782],
    preferTfliteModel: ["bool", 783],
    resourceEstimationUsesValidationResult: ["bool", 784],
    numTfliteInterpretersPerPool: ["int32", 786],
    numTflitePools: ["int32", 787],
    numTfliteInterpreters: ["int32", 785],
    wrapSessionWithNoThreadingParams: ["bool", 788],
    enablePerModelBatchingParams: ["bool", 789],
    enableSavedModelConfig: ["bool", 790],
    mixedPrecision: ["string", 791],
  }),
  ModelWarmupOptions: message({
    numRequestIterations: ["google.protobuf.Int32Value", 1],
    numModelWarmupThreads: ["google.protobuf.Int32Value", 2],
    modelName: ["string", 3],
    modelVersion: ["int64", 4],
    enableAllBatchSizesWarmup: ["bool", 5],
  }),
  BatchingParameters: message({
    maxBatchSize: ["google.protobuf.Int64Value", 1],
    batchTimeoutMicros: ["google.protobuf.Int64Value", 2],
    maxEnqueuedBatches: ["google.protobuf.Int64Value", 3],
    numBatchThreads: ["google.protobuf.Int64Value", 4],
    threadPoolName: ["google.protobuf.StringValue", 5],
    allowedBatchSizes: ["int64", 6, "repeated"],
    padVariableLengthInputs: ["bool", 7],
    enableLargeBatchSplitting: ["google.protobuf.BoolValue", 8],
    maxExecutionBatchSize: ["google.protobuf.Int64Value", 9],
  }),
};

const schema: protobuf.INamespace = {
  nested: {
    google: {
      nested: {
        protobuf: {
          nested: {
            Any: message({ typeUrl: ["string", 1], value: ["bytes", 2] }),
            Int32Value: wrapper("int32"),
            Int64Value: wrapper("int64"),
            StringValue: wrapper("string"),
            BoolValue: wrapper("bool"),
          },
        },
      },
    },
    tensorflow: { nested: { ...configProtoMessages, serving: { nested: serving } } },
  },
};

/** The message types of the config files, and their fields that have no effect in a single process. */
export const configTypes: Pick<TextFormat, "schema" | "withoutEffect"> = {
  schema,
  withoutEffect: {
    "tensorflow.ConfigProto": ["rpc_options", "cluster_def", "share_cluster_devices_in_session"],
    "tensorflow.ConfigProto.Experimental": ["coordination_config"],
    "tensorflow.RewriterConfig": ["custom_optimizers"],
    "tensorflow.serving.SessionBundleConfig": [
      "in_graph_batching_parameters",
      "experimental_fixed_input_tensors",
    ],
  },
};

const root = protobuf.Root.fromJSON(schema);

/** TensorFlow's configuration of a session. */
export const configProto: protobuf.Type = root.lookupType("tensorflow.ConfigProto");

/** The TF Serving message type with this name, such as `tensorflow.serving.SessionBundleSourceAdapterConfig`. */
export function servingType(fullName: string): protobuf.Type | undefined {
  const found = root.lookup(fullName);
  return found instanceof protobuf.Type ? found : undefined;
}
