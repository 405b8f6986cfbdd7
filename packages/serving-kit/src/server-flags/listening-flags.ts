import { integer, path, port, text, textOrNone, toggle, words } from "../flag-kinds.js";

/** TF Serving's flags for listening. */
export const listeningFlags = {
  port: port(8500, "The gRPC port; 0 disables gRPC, any uses any free port."),
  grpc_socket_path: path("path", "A Unix socket for gRPC, in addition to the port."),
  rest_api_port: port(
    8501,
    "The port of the REST API; 0 disables REST, any uses any free port. If it is the same as --port, REST is disabled.",
  ),
  rest_api_timeout_in_ms: integer(
    "ms",
    30_000,
    [0, 2 ** 31 - 1],
    "Timeout of a REST prediction (504) in milliseconds; 0 disables it.",
  ),
  rest_api_enable_cors_support: toggle(
    false,
    "Allows browsers to use the REST API from any origin.",
  ),
  ssl_config_file: path(
    "file",
    "An SSLConfig in protobuf's text format: enables TLS for gRPC and, unlike in TF Serving, for REST.",
  ),
  grpc_channel_arguments: textOrNone(
    "key=value,…",
    "Arguments of the gRPC server, such as grpc.max_connection_age_ms=2000.",
  ),
  enable_serialization_as_tensor_content: toggle(
    false,
    "Encodes gRPC Predict responses with tensor_content, which is smaller and faster than typed fields.",
  ),
};

/** Additional flags for listening, beyond TF Serving's. */
export const ownListeningFlags = {
  host: text(
    "address",
    undefined,
    "The address that both ports listen on. Default: all addresses.",
  ),
  rest_api_socket_path: path("path", "A Unix socket for REST, in addition to the port."),
  rest_api_max_body_bytes: integer(
    "bytes",
    100 * 2 ** 20,
    [1, 2 ** 31 - 1],
    "Maximum REST request body in bytes, compressed and decompressed; a larger body gets 413.",
  ),
  max_request_memory: integer(
    "bytes",
    undefined,
    [1, 2 ** 49],
    "Total memory for requests in flight; further requests get 503 immediately. Default: a quarter of the process's memory limit or of V8's heap limit, whichever is smaller.",
  ),
  max_connections: integer(
    "count",
    undefined,
    [1, 2 ** 31 - 1],
    "Maximum number of connections; further connections are closed. Default: 10000, or 80 % of the process's file descriptor limit if that is less.",
  ),
  stalled_answer_timeout_in_ms: integer(
    "ms",
    60_000,
    [0, 2 ** 31 - 1],
    "Timeout in milliseconds for a response that makes no progress; 0 disables it.",
  ),
  idle_stream_timeout_in_ms: integer(
    "ms",
    300_000,
    [0, 2 ** 31 - 1],
    "Timeout in milliseconds for a stream that sends nothing; 0 disables it.",
  ),
  allowed_hosts: words(
    "name,…",
    "Host names, besides localhost and IP addresses, that clients may use to reach this server on loopback addresses; * allows any. Requests with other names get 421.",
  ),
  http_threads: integer(
    "count",
    1,
    [1, 1024],
    "Number of event loops, each in its own thread, that handle REST and gRPC on the ports. They share one copy of each model. Unix sockets are handled by the first thread.",
  ),
};
