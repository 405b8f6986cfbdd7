import { integer, path, port, text, textOrNone, toggle, words } from "../flag-kinds.js";

/** TF Serving's flags that say where and how the server listens. */
export const listeningFlags = {
  port: port(8500, "The port of the gRPC interface; 0 for none, any for whichever is free."),
  grpc_socket_path: path("path", "A unix socket to serve gRPC on as well."),
  rest_api_port: port(
    8501,
    "The port of the REST API; 0 for none, any for whichever is free. It must differ from --port, or " +
      "REST is not served.",
  ),
  rest_api_timeout_in_ms: integer(
    "ms",
    30_000,
    [0, 2 ** 31 - 1],
    "Timeout of a REST prediction (504) in milliseconds; 0 disables it.",
  ),
  rest_api_enable_cors_support: toggle(false, "Allows browsers of any origin to use the REST API."),
  ssl_config_file: path(
    "file",
    "An SSLConfig in protobuf's text format: TLS for gRPC and, beyond TF Serving, for REST.",
  ),
  grpc_channel_arguments: textOrNone(
    "key=value,…",
    "Arguments of the gRPC server, such as grpc.max_connection_age_ms=2000.",
  ),
  enable_serialization_as_tensor_content: toggle(
    false,
    "Answers gRPC Predict with tensor_content, which is smaller and faster than typed fields.",
  ),
};

/** Flags beyond TF Serving's that say where the server listens. */
export const ownListeningFlags = {
  host: text(
    "address",
    undefined,
    "The address that both ports listen on. Default: all addresses.",
  ),
  rest_api_socket_path: path("path", "A unix socket to serve REST on as well."),
  rest_api_max_body_bytes: integer(
    "bytes",
    100 * 2 ** 20,
    [1, 2 ** 31 - 1],
    "The greatest body of a REST request, before and after inflating; a greater one is 413.",
  ),
  max_request_memory: integer(
    "bytes",
    undefined,
    [1, 2 ** 49],
    "The memory that the requests in flight may take together; beyond it a request is answered 503 immediately. " +
      "Default: a quarter of the smaller of the memory limit of the process and of V8's heap.",
  ),
  max_connections: integer(
    "count",
    undefined,
    [1, 2 ** 31 - 1],
    "Maximum number of connections; others are closed. Default: 10000, or 80 % of the descriptors that the " +
      "process may open if that is less.",
  ),
  stalled_answer_timeout_in_ms: integer(
    "ms",
    60_000,
    [0, 2 ** 31 - 1],
    "After how many milliseconds without progress an answer is given up; 0 for never.",
  ),
  idle_stream_timeout_in_ms: integer(
    "ms",
    300_000,
    [0, 2 ** 31 - 1],
    "After how many milliseconds a stream on which nothing is sent is closed; 0 for never.",
  ),
  allowed_hosts: words(
    "name,…",
    "The names that clients may use for this server at loopback addresses, besides localhost and addresses; * for " +
      "any. Others are answered 421.",
  ),
  http_threads: integer(
    "count",
    1,
    [1, 1024],
    "How many event loops, each in a thread of its own, answer REST and gRPC at the ports, over one " +
      "loaded copy of each model. Sockets stay with the first thread.",
  ),
};
