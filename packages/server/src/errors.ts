import { formatServableId, messageOf, type ServableId, ServingError } from "@serving-kit/core";
import { shortened } from "./shown-text.js";

const invalid = (reason: string, message: string) =>
  new ServingError("INVALID_ARGUMENT", reason, message);

/** A route and whose it is. */
interface RouteOf {
  readonly protocol: { readonly name: string };
  readonly route: { readonly method: string; readonly path: string };
}

const nameOfRoute = (of: RouteOf | undefined) =>
  of && `${of.protocol.name} (${of.route.method} ${of.route.path})`;

/** What was found in place of a plugin. */
function pluginText(received: unknown): string {
  if (Array.isArray(received)) return `[${received.map(pluginText).join(", ")}]`;
  if (typeof received !== "object") return typeof received;
  if (received === null) return "null";
  return "name" in received ? `the name ${received.name}` : "an object without a name";
}

/** The errors of this package, one factory for each reason. Texts of TF Serving are kept as they are. */
export const errors = {
  versionCrashed: (path: string, crashes: number, record: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "VERSION_CRASHED",
      `${path} is not loaded: the process ended ${crashes} times while it was; replace its files, or remove ${record} to try it again`,
      { details: { path, crashes } },
    ),

  bodyTooLarge: (limit: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "BODY_TOO_LARGE",
      `the request body is larger than ${limit} bytes, which is the limit of this server`,
      { status: 413 },
    ),

  respondMissing: (id: ServableId) =>
    new ServingError(
      "UNIMPLEMENTED",
      "FORMAT_UNSUPPORTED",
      `${formatServableId(id)}: the model has signatures and takes tensors; got a body. Call predict`,
    ),

  requestTooCostly: (limit: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "REQUEST_TOO_COSTLY",
      `the request would take more than ${limit} bytes of memory: expected at most ten times its body or 32 MiB, and ` +
        "no more than --max_request_memory (limits.requestMemoryBytes). Send fewer elements at a time",
      { status: 413 },
    ),

  memorySpent: (limit: number) =>
    new ServingError(
      "UNAVAILABLE",
      "MEMORY_SPENT",
      `the requests in flight take the ${limit} bytes that they may have together ` +
        "(--max_request_memory, limits.requestMemoryBytes); try again later",
      { details: { retryAfterMs: 1_000 } },
    ),

  hostNotAllowed: (host: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "HOST_NOT_ALLOWED",
      `Host ${JSON.stringify(shortened(String(host)))}: expected an address or localhost at a loopback address; ` +
        "allow other names by --allowed_hosts (limits.allowedHosts)",
      { status: 421 },
    ),

  notAuthorized: (method: string) =>
    new ServingError(
      "PERMISSION_DENIED",
      "NOT_AUTHORIZED",
      `the server does not allow ${shortened(method)} to this client`,
    ),

  inflatesTooMuch: (ratio: number) =>
    new ServingError(
      "RESOURCE_EXHAUSTED",
      "BODY_INFLATES_TOO_MUCH",
      `the compressed body inflates to more than ${ratio} times its size; send it uncompressed`,
      { status: 413 },
    ),

  pluginUnfit: (url: string, exportName: string, name: string, received: unknown) =>
    invalid(
      "PLUGIN_UNFIT",
      `plugin ${name}: expected "${exportName}" of ${url} to be the plugin of this name, an array with it, or a ` +
        `function that returns either; got ${pluginText(received)}`,
    ),

  pluginNotShared: (kind: string, name: string) =>
    invalid(
      "PLUGIN_NOT_SHARED",
      `${kind} ${name}: expected a module (\`module: { url, exportName }\`), from which each of several event loops ` +
        "imports it; got none. Give it one, or serve by one event loop (threads: 1)",
    ),

  pluginTwice: (kind: string, name: string) =>
    invalid("PLUGIN_TWICE", `expected each ${kind} once; got two of the name ${name}`),

  routeUnfit: (path: string) =>
    invalid(
      "ROUTE_UNFIT",
      `route: expected a path that starts with /; got ${JSON.stringify(path)}`,
    ),

  routesClash: (...[one, other]: readonly RouteOf[]) =>
    invalid(
      "ROUTES_CLASH",
      `the protocols ${nameOfRoute(one)} and ${nameOfRoute(other)} answer the same requests; serve one of them, ` +
        "or change its paths",
    ),

  servicesClash: (service: string, one: string, other: string) =>
    invalid(
      "ROUTES_CLASH",
      `the protocols ${one} and ${other} have the same gRPC service ${service}; serve one of them`,
    ),

  observerAlone: () =>
    new ServingError(
      "FAILED_PRECONDITION",
      "OBSERVER_ALONE",
      "askMain: this is the main thread; expected to be called in another event loop (isMain: false)",
    ),

  callUnlocated: () =>
    new ServingError(
      "INTERNAL",
      "CALL_UNFIT",
      "call: expected `servable`, or `locate` to read it from the body; got neither",
    ),

  callEnded: () =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CALL_ENDED",
      "predict was called after the call had ended: await it within `run`",
    ),

  bodyIncomplete: () =>
    new ServingError("CANCELLED", "BODY_INCOMPLETE", "the connection closed before the body ended"),

  bodyUnreadable: (cause: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "BODY_UNREADABLE",
      "the request body is not valid gzip data although its Content-Encoding says gzip",
      { cause },
    ),

  encodingUnsupported: (encoding: string) =>
    invalid(
      "ENCODING_UNSUPPORTED",
      `Content-Encoding: expected gzip or identity; got ${JSON.stringify(encoding)}`,
    ),

  clientGone: () =>
    new ServingError("CANCELLED", "CLIENT_GONE", "the client closed the connection"),

  bodyConsumed: () =>
    new ServingError(
      "INTERNAL",
      "BODY_CONSUMED",
      "the request body was read by an earlier middleware that left nothing in req.body; mount " +
        "server.rest before it",
    ),

  configInvalid: (problem: string) => invalid("CONFIG_INVALID", problem),

  readyUnknown: (name: string) =>
    invalid(
      "CONFIG_INVALID",
      `ready: expected names of models or of sources; got ${JSON.stringify(name)}, and there is no source`,
    ),

  sourceFailed: (name: string, schemes: readonly string[], cause: unknown, isServed: boolean) =>
    new ServingError(
      "UNAVAILABLE",
      "SOURCE_FAILED",
      `the source of model ${name} failed (${schemes.join(", ")}): ${messageOf(cause)}; ${
        isServed ? "the last list of versions stays in force, and " : ""
      }the source is tried again`,
      { cause, details: { name } },
    ),

  sourceEnded: (name: string, isServed: boolean, cause?: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "SOURCE_FAILED",
      cause === undefined
        ? `model ${name}: the sources have ended without a version of it`
        : `a source that may have model ${name} failed: ${messageOf(cause)}${
            isServed ? "; the last list of versions stays in force" : ""
          }`,
      { cause, details: { name } },
    ),

  sourceHangs: (name: string, schemes: readonly string[], quietMs: number, isServed: boolean) =>
    new ServingError(
      "UNAVAILABLE",
      "SOURCE_HANGS",
      `the source of model ${name} (${schemes.join(", ")}) has not answered for ${quietMs} ms${
        isServed ? "; the last list of versions stays in force" : ""
      }`,
      { details: { name } },
    ),

  platformNotFound: (path: string, known: readonly string[]) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PLATFORM_NOT_FOUND",
      `no platform accepts ${path}; the server has ${known.join(", ") || "none"}. Check the files, ` +
        "or name the model's platform",
    ),

  customModuleNotFound: (path: string, cause: unknown) =>
    new ServingError(
      "NOT_FOUND",
      "CUSTOM_MODULE_NOT_FOUND",
      `custom platform: expected a JavaScript module; got ${path}: ${messageOf(cause)}`,
      { cause },
    ),

  customModuleUnsupported: (path: string) =>
    new ServingError(
      "UNIMPLEMENTED",
      "CUSTOM_MODULE_UNSUPPORTED",
      `custom platform: expected a JavaScript module (.js, .mjs, .cjs); got ${path}. To run Python, ` +
        "pass python() of @serving-kit/servable-python as one of the platforms",
    ),

  customModuleFailed: (path: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CUSTOM_MODULE_FAILED",
      `custom platform: importing ${path} failed: ${messageOf(cause)}${
        /\.[cm]?tsx?$/i.test(path) ? "; TypeScript is compiled first, or by node --import tsx" : ""
      }`,
      { cause },
    ),

  customExportUnfit: (
    path: string,
    exportName: string,
    received: unknown,
    exported: readonly string[],
  ) =>
    invalid(
      "CUSTOM_EXPORT_UNFIT",
      `custom platform: expected ${path} to export "${exportName}", a platform or a function ` +
        `(path, config) => Predictor; got ${received === null ? null : typeof received}; it exports ` +
        `${exported.join(", ") || "nothing"}`,
    ),

  labelUnavailable: (label: string, id: ServableId) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "LABEL_UNAVAILABLE",
      `Request to assign label to version ${id.version} of model ${id.name}, which is not currently ` +
        `available for inference; label: ${label}`,
    ),

  modelNotSettled: (name: string, timeoutMs: number) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "MODEL_NOT_SETTLED",
      `model ${name} has neither become available nor failed within ${timeoutMs} ms`,
    ),

  reloadSuperseded: () =>
    new ServingError(
      "ABORTED",
      "RELOAD_SUPERSEDED",
      "the model was still loading when another configuration took the place of this one",
    ),

  reloadOff: () =>
    new ServingError(
      "PERMISSION_DENIED",
      "RELOAD_NOT_ALLOWED",
      "clients must not change the models of this server (modelControl: none, --model_control=none)",
    ),

  reloadWithoutRoots: () =>
    new ServingError(
      "PERMISSION_DENIED",
      "RELOAD_NOT_ALLOWED",
      "clients must not name folders to load: the server started without a model, whose folder would be a " +
        "root; name the folders that may be loaded by --model_roots (modelRoots)",
    ),

  reloadOutsideRoots: (name: string, basePath: string) =>
    new ServingError(
      "PERMISSION_DENIED",
      "RELOAD_NOT_ALLOWED",
      // As JSON: what a client names must not forge a line of the log.
      `model ${JSON.stringify(name)}: clients must not load ${JSON.stringify(basePath)}: expected a folder or URI below the roots of the server ` +
        "(--model_roots, modelRoots; default: the parents of the base paths that it started with)",
      { details: { name } },
    ),

  startUpFailed: (policy: string, failures: readonly { name: string; error?: Error }[]) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "START_UP_FAILED",
      `the start-up policy "${policy}" was not met: ${failures
        .map(({ name, error }) => `model ${name}: ${error?.message}`)
        .join(
          "; ",
        )}; fix the models, or set option startUpPolicy: "${policy === "all" ? "any" : "none"}"`,
      {
        cause:
          failures.length === 1
            ? failures[0]?.error
            : new AggregateError(failures.map(({ error }) => error)),
        details: { models: failures.map(({ name }) => name) },
      },
    ),

  serverStarting: () =>
    new ServingError(
      "UNAVAILABLE",
      "SERVER_STARTING",
      "the server is starting: its models are not loaded yet",
    ),

  serverClosing: () =>
    new ServingError("UNAVAILABLE", "SERVER_CLOSING", "the server is shutting down"),

  threadsNotStarted: (cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "THREADS_NOT_STARTED",
      `the threads of the server could not be started: ${messageOf(cause)}`,
      { cause },
    ),

  loopEnded: (exitCode: number, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "LOOP_ENDED",
      `an event loop of the server has ended ${
        cause === undefined ? `with exit code ${exitCode}` : `by an exception: ${messageOf(cause)}`
      }`,
      { cause },
    ),

  platformNotShared: (platform: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PLATFORM_NOT_SHARED",
      `the platform ${platform} cannot be attached: the module of threads.platforms does not have it`,
    ),

  configFileUnreadable: (
    what:
      | "model config file"
      | "batching parameters file"
      | "SSL config file"
      | "monitoring config file"
      | "session config file"
      | "platform config file",
    path: string,
    cause: unknown,
  ) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CONFIG_FILE_UNREADABLE",
      `${what}: expected a file that can be read; got ${path}: ${messageOf(cause)}`,
      { cause },
    ),

  configEmptied: (path: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CONFIG_EMPTIED",
      "Cannot transition to requested config. It is only legal to transition from one ModelConfigList " +
        `to another. ${path} has no model_config_list; for no models write model_config_list {}`,
    ),

  textFormatInvalid: (path: string, problem: string, cause?: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "CONFIG_FILE_INVALID",
      `Invalid protobuf file: '${path}': ${problem}`,
      { cause },
    ),

  configFileInvalid: (path: string, problem: string, cause?: unknown) =>
    new ServingError("INVALID_ARGUMENT", "CONFIG_FILE_INVALID", `${path}: ${problem}`, { cause }),
};
