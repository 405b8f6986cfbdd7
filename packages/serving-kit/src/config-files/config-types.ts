import protobuf from "protobufjs/light.js";
import { configProtoMessages } from "./config-proto.js";
import { message } from "./proto-message.js";

const wrapper = (type: string) => message({ value: [type, 1] });

// Names of tensorflow_serving/config/platform_config.proto and of
// servables/tensorflow/{session_bundle_config,session_bundle_source_adapter,saved_model_bundle_source_adapter}.proto.
// The numbers above 9000 are none of theirs: of these fields only the names are known.
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
    mixedPrecision: ["string", 9001],
    enablePerModelBatchingParams: ["bool", 9002],
  }),
  ModelWarmupOptions: message({
    numRequestIterations: ["google.protobuf.Int32Value", 1],
    numModelWarmupThreads: ["google.protobuf.Int32Value", 2],
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

const root = protobuf.Root.fromJSON({
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
});

/** TensorFlow's configuration of a session. */
export const configProto: protobuf.Type = root.lookupType("tensorflow.ConfigProto");

/** TF Serving's configuration of its platforms. */
export const platformConfigMap: protobuf.Type = root.lookupType(
  "tensorflow.serving.PlatformConfigMap",
);

/** TF Serving's type of a name, such as `tensorflow.serving.SessionBundleSourceAdapterConfig`. */
export function servingType(fullName: string): protobuf.Type | undefined {
  const found = root.lookup(fullName);
  return found instanceof protobuf.Type ? found : undefined;
}
