import { errors } from "../errors.js";

/** Arguments of a gRPC channel by name, such as `grpc.max_connection_age_ms`. */
export type ChannelArguments = Readonly<Record<string, string | number>>;

/**
 * Reads `--grpc_channel_arguments`: `key=value,key=value`, values that are integers as numbers.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID with the part that is no `key=value`.
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
