import type { ServableId } from "@serving-kit/core";
import { z } from "zod";

/** A sampled request that succeeded. */
export interface LoggedRequest {
  /** The API of the call, such as `Predict`. */
  readonly api: string;
  /** The version that served the request. */
  readonly id: ServableId;
  /** A serialized `tensorflow.serving.PredictionLog` with the request and its metadata. */
  readonly predictionLog: Uint8Array;
}

/** The destination of sampled requests. */
export interface RequestLogSink {
  /**
   * Writes one or more requests, in the order of their responses. Called again when the promise has settled. If it
   * rejects, the error is logged and the requests are counted as lost; predictions are not affected.
   */
  write(requests: readonly LoggedRequest[]): Promise<void> | void;
  /** Reopens files after a rotation: `ModelServer.reopenLogs`. */
  reopen?(): void;
  /** Called once, after the last `write`, when the server closes. */
  close?(): Promise<void> | void;
}

/** Options for a request log with a sink. */
export interface RequestLogOptions {
  readonly sink: RequestLogSink;
  /** The fraction of requests that are logged, from 0 to 1. Default 1. */
  readonly samplingRate?: number | undefined;
  /** Maximum bytes that wait for the sink. Further requests are dropped. Default 64 MiB. */
  readonly maxQueuedBytes?: number | undefined;
}

/** A request log to a file, as in TF Serving's `LoggingConfig`. */
export interface RequestLogFileOptions {
  /** `jsonl` for JSON lines, `tfrecord` for a file that can be used as warm-up requests. */
  readonly type: "jsonl" | "tfrecord";
  /** The path of the file without its extension, which is the type: `/logs/digits` means `/logs/digits.jsonl`. */
  readonly filenamePrefix: string;
  /** The fraction of requests that are logged, from 0 to 1. Default 1. */
  readonly samplingRate?: number | undefined;
}

/** Returns the path of the file to which a request log is appended. */
export function requestLogPath({ type, filenamePrefix }: RequestLogFileOptions): string {
  return `${filenamePrefix}.${type}`;
}

const share = z.number().min(0).max(1).optional();

/** The schema of the options of a request log. */
export const requestLogSchema: z.ZodType = z.union([
  z.strictObject({
    sink: z.custom<object>(
      (value) => typeof (value as { write?: unknown } | null)?.write === "function",
      "a sink with write()",
    ),
    samplingRate: share,
    maxQueuedBytes: z.number().min(0).optional(),
  }),
  z.strictObject({
    type: z.enum(["jsonl", "tfrecord"]),
    filenamePrefix: z.string().regex(/^[^\0]+$/, "a path"),
    samplingRate: share,
  }),
]);
