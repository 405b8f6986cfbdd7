import { type Logger, silentLogger } from "@serving-kit/core";
import type { TensorFlowOptions } from "@serving-kit/servable-tensorflow";
import { readTextFormat } from "@serving-kit/server";
import type protobuf from "protobufjs/light.js";
import { configProto, configTypes } from "./config-types.js";

/** The options of `tensorflow()` that a ConfigProto sets. */
export type SessionSettings = Pick<TensorFlowOptions, "sessionConfig" | "interOpThreads">;

/**
 * Reads `--tensorflow_session_config_file`: a `tensorflow.ConfigProto` in protobuf's text format, with
 * all fields that mean something to one process.
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

/** The options of `tensorflow()` that a ConfigProto stands for. */
export function sessionSettings(message: protobuf.Message): SessionSettings {
  const { interOpParallelismThreads: threads } = message as { interOpParallelismThreads?: number };
  return {
    sessionConfig: configProto.encode(message).finish(),
    // Whether ops run on the thread of the call depends on it, so that it must be known.
    ...(threads !== undefined && threads > 0 && { interOpThreads: threads }),
  };
}

/** The ConfigProto that TF Serving's `--mixed_precision=bfloat16` makes, to be put before another. */
export function bfloat16Config(): Uint8Array {
  const rewriteOptions = { autoMixedPrecisionOnednnBfloat16: 1 };
  return configProto.encode({ graphOptions: { rewriteOptions } }).finish();
}
