import { type Logger, silentLogger } from "@serving-kit/core";
import type { TensorFlowOptions } from "@serving-kit/servable-tensorflow";
import { readTextFormat } from "@serving-kit/server";
import type protobuf from "protobufjs/light.js";
import { configProto, configTypes } from "./config-types.js";

/** The options of `tensorflow()` that a ConfigProto sets. */
export type SessionSettings = Pick<TensorFlowOptions, "sessionConfig" | "interOpThreads">;

/**
 * Reads `--tensorflow_session_config_file`: a `tensorflow.ConfigProto` in protobuf's text format. Supports all fields
 * that have an effect in a single process.
 *
 * @throws as `readTextFormat` does.
 */
export async function readSessionConfigFile(
  path: string,
  logger: Logger = silentLogger,
): Promise<SessionSettings> {
  const format = { ...configTypes, name: "tensorflow.ConfigProto" };
  const { message, ignored } = await readTextFormat(path, "session config file", format, logger);
  for (const field of ignored) logger.warn({ path }, `${path}: ${field} has no effect`);
  return sessionSettings(message);
}

/** Converts a ConfigProto to options of `tensorflow()`. */
export function sessionSettings(message: protobuf.Message): SessionSettings {
  const { interOpParallelismThreads: threads } = message as { interOpParallelismThreads?: number };
  return {
    sessionConfig: configProto.encode(message).finish(),
    // The platform must know this value: it decides whether ops run on the calling thread.
    ...(threads !== undefined && threads > 0 && { interOpThreads: threads }),
  };
}

/** The ConfigProto for TF Serving's `--mixed_precision=bfloat16`, to be merged before another ConfigProto. */
export function bfloat16Config(): Uint8Array {
  const rewriteOptions = { autoMixedPrecisionOnednnBfloat16: 1 };
  return configProto.encode({ graphOptions: { rewriteOptions } }).finish();
}
