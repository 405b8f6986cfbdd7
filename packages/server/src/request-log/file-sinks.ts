import { type FileHandle, open } from "node:fs/promises";
import { tfRecord } from "@serving-kit/tensorflow-wire";
import type { LoggedRequest, RequestLogSink } from "./request-log-sink.js";

/**
 * Appends requests to a TFRecord file of `PredictionLog`: a file that TF Serving and serving-kit take as
 * warm-up requests, `assets.extra/tf_serving_warmup_requests`.
 *
 * The file is made with the first request.
 *
 * @throws (through `write`) Node's error when the file cannot be written.
 */
export function tfRecordSink(path: string): RequestLogSink {
  return fileSink(path, (requests) =>
    Buffer.concat(requests.map(({ predictionLog }) => tfRecord(predictionLog))),
  );
}

/**
 * Appends requests to a file with one line of JSON for each: `PredictionLog` in protobuf's JSON form, with
 * the field names of its `.proto` file. `warmUpFileFromJsonl` makes a warm-up file of it.
 *
 * @throws (through `write`) Node's error when the file cannot be written.
 */
export function jsonlSink(path: string): RequestLogSink {
  return fileSink(path, async (requests) => {
    // Loaded late: who writes no JSON need not wait for the messages' schema.
    const { predictionLogToJson } = await import("./prediction-log-json.js");
    const lines = requests.map(({ predictionLog }) =>
      JSON.stringify(predictionLogToJson(predictionLog)),
    );
    return Buffer.from(`${lines.join("\n")}\n`);
  });
}

/**
 * Makes the bytes of a warm-up file (TFRecord of `PredictionLog`) of the text that `jsonlSink` wrote.
 *
 * @throws ServingError INVALID_ARGUMENT / REQUEST_LOG_INVALID for a line that is no PredictionLog in JSON.
 */
export async function warmUpFileFromJsonl(text: string): Promise<Buffer> {
  const { warmUpBytes } = await import("./prediction-log-json.js");
  return warmUpBytes(text);
}

function fileSink(
  path: string,
  format: (requests: readonly LoggedRequest[]) => Buffer | Promise<Buffer>,
): RequestLogSink {
  let file: FileHandle | undefined;
  return {
    async write(requests) {
      const bytes = await format(requests);
      file ??= await open(path, "a");
      await file.appendFile(bytes);
    },
    close: () => file?.close(),
  };
}
