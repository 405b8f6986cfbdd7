import { errors } from "../errors.js";
import { FLOW_CONTROL_WINDOW_BYTES } from "./flow-control.js";

/** Arguments of a gRPC channel by name, such as `grpc.max_connection_age_ms`. */
export type ChannelArguments = Readonly<Record<string, string | number>>;

/**
 * The arguments that a server of grpc-js 1.14 supports, with the least integer that each may be; it ignores
 * the others of gRPC without a word. Without `grpc.enable_channelz`, which only keeps records: where that is
 * off, `forceShutdown` ends no connection.
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

/** HTTP/2's own window, and the least here. */
const MIN_WINDOW_BYTES = 65_535;

/**
 * The bytes of messages that may be under way, as `grpc-node.flow_control_window` says, an argument that
 * grpc-js has for clients; by default no more than a message may have.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for what HTTP/2 does not allow.
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
 * The arguments that have an effect on a server of grpc-js.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID for one that is not an integer in its range: with it
 * grpc-js would end the process at the first connection, or each connection at once.
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

/** The names of the arguments that have none. */
export function ignoredChannelArguments(channelArguments: ChannelArguments): string[] {
  return Object.keys(channelArguments).filter((name) => !isSupported(name));
}

/**
 * Reads `--grpc_channel_arguments`: `key=value,key=value`, values that are integers as numbers.
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
