import { modelConfigProto } from "@serving-kit/server";

/**
 * The messages and the service of TF Serving's apis/model_service.proto, with the published names and numbers.
 * `ModelConfig` is the server's description of a model.
 */
export const MODEL_SERVICE_PROTO = `
syntax = "proto3";
package tensorflow.serving;

message StatusProto { tensorflow.error.Code error_code = 1; string error_message = 2; }
message GetModelStatusRequest { ModelSpec model_spec = 1; }
message ModelVersionStatus {
  enum State { UNKNOWN = 0; START = 10; LOADING = 20; AVAILABLE = 30; UNLOADING = 40; END = 50; }
  int64 version = 1;
  State state = 2;
  StatusProto status = 3;
}
message GetModelStatusResponse { repeated ModelVersionStatus model_version_status = 1; }

enum ModelType { MODEL_TYPE_UNSPECIFIED = 0; TENSORFLOW = 1; OTHER = 2; }
${modelConfigProto()}
message ModelConfigList { repeated ModelConfig config = 1; }
message ModelServerConfig {
  oneof config { ModelConfigList model_config_list = 1; google.protobuf.Any custom_model_config = 2; }
}
message ReloadConfigRequest { ModelServerConfig config = 1; repeated string metric_names = 2; }
message Metric { string name = 1; oneof value_increase { int64 int64_value_increase = 2; } }
message ReloadConfigResponse { StatusProto status = 1; repeated Metric metric = 2; }

service ModelService {
  rpc GetModelStatus(GetModelStatusRequest) returns (GetModelStatusResponse);
  rpc HandleReloadConfigRequest(ReloadConfigRequest) returns (ReloadConfigResponse);
}
`;
