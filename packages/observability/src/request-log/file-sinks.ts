import {
  type LoggedRequest,
  type RequestLogFileOptions,
  type RequestLogSink,
  requestLogPath,
} from "@serving-kit/server";
import { tfRecord } from "@serving-kit/tensorflow-wire";
import { AppendFile, endOfLines, endOfTfRecords, type RecordsEnd } from "./append-file.js";

/**
 * Appends requests to a TFRecord file of `PredictionLog`: a file that TF Serving and serving-kit accept as
 * warm-up requests, `assets.extra/tf_serving_warmup_requests`.
 *
 * The file is created with the first request, readable only by its owner. It is truncated to its last complete record
 * when it is opened and after a failed write, so only one process may write it at a time.
 *
 * @throws (through `write`) Node's error if the file cannot be written.
 */
export function tfRecordSink(path: string): RequestLogSink {
  return fileSink(path, endOfTfRecords, (requests) =>
    Buffer.concat(requests.map(({ predictionLog }) => tfRecord(predictionLog))),
  );
}

/**
 * Appends one line of JSON per request to a file: `PredictionLog` in protobuf's JSON form, with the field names of
 * its `.proto` file. `warmUpFileFromJsonl` converts it to a warm-up file.
 *
 * @throws (through `write`) Node's error if the file cannot be written.
 */
export function jsonlSink(path: string): RequestLogSink {
  return fileSink(path, endOfLines, async (requests) => {
    // Imported lazily: protobufjs and the schema of the messages are needed only for JSON.
    const { predictionLogToJson } = await import("./prediction-log-json.js");
    const lines = requests.map(({ predictionLog }) =>
      JSON.stringify(predictionLogToJson(predictionLog)),
    );
    return Buffer.from(`${lines.join("\n")}\n`);
  });
}

/** Makes a sink that writes a request log to a file. */
export function fileSinkOf(file: RequestLogFileOptions): RequestLogSink {
  const path = requestLogPath(file);
  return file.type === "jsonl" ? jsonlSink(path) : tfRecordSink(path);
}

/**
 * Returns the bytes of a warm-up file (TFRecord of `PredictionLog`) with the requests that `jsonlSink` wrote.
 *
 * @throws ServingError INVALID_ARGUMENT / REQUEST_LOG_INVALID for a line that is not a PredictionLog in JSON.
 */
export async function warmUpFileFromJsonl(text: string): Promise<Buffer> {
  const { warmUpBytes } = await import("./prediction-log-json.js");
  return warmUpBytes(text);
}

function fileSink(
  path: string,
  endOf: RecordsEnd,
  format: (requests: readonly LoggedRequest[]) => Buffer | Promise<Buffer>,
): RequestLogSink {
  const file = new AppendFile(path, endOf);
  return {
    write: async (requests) => file.append(await format(requests)),
    reopen: () => file.reopen(),
    close: () => file.close(),
  };
}
