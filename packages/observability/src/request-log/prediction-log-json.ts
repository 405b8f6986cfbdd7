import { messageOf } from "@serving-kit/core";
import {
  ERROR_CODES_PROTO,
  GOOGLE_PROTO,
  TENSORFLOW_PROTO,
  TENSORFLOW_SERVING_PROTO,
  tfRecord,
} from "@serving-kit/tensorflow-wire";
import protobuf from "protobufjs";
import { errors } from "../errors.js";

/** The request side of apis/prediction_log.proto and core/logging.proto, over the messages of the gRPC API. */
const PREDICTION_LOG_PROTO = `
  syntax = "proto3";
  package serving_kit;
  message SamplingConfig { double sampling_rate = 1; }
  message LogMetadata {
    tensorflow.serving.ModelSpec model_spec = 1;
    SamplingConfig sampling_config = 2;
  }
  message PredictLog { tensorflow.serving.PredictRequest request = 1; }
  message ClassifyLog { tensorflow.serving.ClassificationRequest request = 1; }
  message RegressLog { tensorflow.serving.RegressionRequest request = 1; }
  message PredictionLog {
    LogMetadata log_metadata = 1;
    ClassifyLog classify_log = 2;
    RegressLog regress_log = 3;
    PredictLog predict_log = 6;
  }
`;

const types = new protobuf.Root();
for (const text of [
  GOOGLE_PROTO,
  TENSORFLOW_PROTO,
  ERROR_CODES_PROTO,
  TENSORFLOW_SERVING_PROTO,
  PREDICTION_LOG_PROTO,
]) {
  protobuf.parse(text, types, { keepCase: true });
}
const predictionLogType = types.lookupType("serving_kit.PredictionLog");

/** Returns a serialized `PredictionLog` in protobuf's JSON form, as an object. */
export function predictionLogToJson(predictionLog: Uint8Array): object {
  const message = predictionLogType.decode(predictionLog);
  return predictionLogType.toObject(message, {
    longs: String,
    enums: String,
    bytes: String,
    json: true,
  });
}

/**
 * Returns the bytes of a warm-up file (TFRecord of `PredictionLog`) with the requests of the lines that `jsonlSink`
 * wrote.
 *
 * @throws ServingError INVALID_ARGUMENT / REQUEST_LOG_INVALID for a line that is not a PredictionLog in JSON.
 */
export function warmUpBytes(text: string): Buffer {
  const records = text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      const message = predictionLogType.fromObject(JSON.parse(line) as object);
      return [tfRecord(predictionLogType.encode(message).finish())];
    } catch (error) {
      throw errors.requestLogInvalid(i + 1, messageOf(error), error);
    }
  });
  return Buffer.concat(records);
}
