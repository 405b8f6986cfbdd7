import { errors } from "../errors.js";
import { FLOW_CONTROL_WINDOW_BYTES } from "./flow-control.js";

/** Arguments of a gRPC channel by name, such as `grpc.max_connection_age_ms`. */
export type ChannelArguments = Readonly<Record<string, string | number>>;

/**
 * The arguments that a grpc-js 1.14 server supports, with their minimum values. It silently ignores gRPC's other
 * arguments. `grpc.enable_channelz` is omitted: it only keeps records, and without it `forceShutdown` does not close
 * connections.
 */
const SUPPORTED: ReadonlyMap<string, number> = new Map([
  ["grpc.max_concurrent_streams", 0],
  ["grpc.max_connection_age_ms", 1],
  ["grpc.max_connection_age_grace_ms", 0],
  ["grpc.max_connection_idle_ms", 1],
  ["grpc.keepalive_time_ms", 1],
  ["grpc.keepalive_timeout_ms", 0],
  // -1 disables the limit.
  ["grpc.max_receive_message_length", -1],
  ["grpc.max_send_message_length", -1],
  ["grpc.server_call_metric_recording", 0],
]);

const MAX_INTEGER = 2 ** 31 - 1;

const FLOW_CONTROL_WINDOW = "grpc-node.flow_control_window";

/** HTTP/2's default window, and the minimum here. */
const MIN_WINDOW_BYTES = 65_535;

/**
 * Returns the flow-control window in bytes from `grpc-node.flow_control_window`, an argument that grpc-js has only
 * for clients. By default, it is at most the maximum message size.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for a value that HTTP/2 does not allow.
 */
export function flowControlWindowOf(
  channelArguments: ChannelArguments,
  maxMessageBytes: number,
): number {
  const usual = Math.max(MIN_WINDOW_BYTES, Math.min(FLOW_CONTROL_WINDOW_BYTES, maxMessageBytes));
  const given = channelArguments[FLOW_CONTROL_WINDOW] ?? usual;
  const windowBytes = typeof given === "number" ? given : Number.NaN;
  if (
    Number.isInteger(windowBytes) &&
    windowBytes >= MIN_WINDOW_BYTES &&
    windowBytes <= MAX_INTEGER
  ) {
    return windowBytes;
  }
  throw errors.configInvalid(
    `${FLOW_CONTROL_WINDOW}: expected a number of bytes from ${MIN_WINDOW_BYTES} to ${MAX_INTEGER}; got ${given}`,
  );
}

const isSupported = (name: string) => SUPPORTED.has(name) || name.startsWith("grpc-node.");

/**
 * Returns the arguments that have an effect on a grpc-js server.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for a value that is not an integer in range: it would make
 * grpc-js crash the process at the first connection, or close each connection immediately.
 */
export function supportedChannelArguments(channelArguments: ChannelArguments): ChannelArguments {
  const supported = Object.entries(channelArguments).filter(([name]) => isSupported(name));
  for (const [name, value] of supported) {
    const min = SUPPORTED.get(name);
    if (min === undefined) continue;
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= MAX_INTEGER) continue;
    throw errors.configInvalid(
      `${name}: expected an integer from ${min} to ${MAX_INTEGER}; got ${value}`,
    );
  }
  return Object.fromEntries(supported);
}

/** Returns the names of the arguments that have no effect. */
export function ignoredChannelArguments(channelArguments: ChannelArguments): string[] {
  return Object.keys(channelArguments).filter((name) => !isSupported(name));
}

/**
 * Parses `--grpc_channel_arguments`: `key=value,key=value`. Integer values become numbers.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the part that is not a `key=value`.
 */
export function parseChannelArguments(text: string): ChannelArguments {
  const parts = text.split(",").filter((part) => part.trim() !== "");
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf("=");
      const key = part.slice(0, at).trim();
      if (at === -1 || key === "") {
        throw errors.configInvalid(`grpc_channel_arguments: expected key=value; got "${part}"`);
      }
      const value = part.slice(at + 1).trim();
      return [key, /^[+-]?\d+$/.test(value) ? Number(value) : value];
    }),
  );
}
