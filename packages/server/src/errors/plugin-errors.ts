import { messageOf, ServingError } from "@serving-kit/core";

/** A route and its protocol. */
export interface RouteOf {
  readonly protocol: { readonly name: string };
  readonly route: { readonly method: string; readonly path: string };
}

const nameOfRoute = (of: RouteOf | undefined) =>
  of && `${of.protocol.name} (${of.route.method} ${of.route.path})`;

/** Describes the value that was found instead of a plugin. */
function pluginText(received: unknown): string {
  if (Array.isArray(received)) return `[${received.map(pluginText).join(", ")}]`;
  if (typeof received !== "object") return typeof received;
  if (received === null) return "null";
  return "name" in received ? `the name ${received.name}` : "an object without a name";
}

/** The errors of plugins: protocols, observers, decorators, and the modules of custom platforms. */
export const pluginErrors = {
  pluginUnfit: (url: string, exportName: string, name: string, received: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PLUGIN_UNFIT",
      `plugin ${name}: expected "${exportName}" of ${url} to be the plugin with this name, an array that contains it, ` +
        `or a function that returns either; got ${pluginText(received)}`,
    ),

  pluginNotShared: (kind: string, name: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PLUGIN_NOT_SHARED",
      `${kind} ${name}: with several event loops, expected a module (\`module: { url, exportName }\`) from which each ` +
        "loop imports it; got none. Add one, or use one event loop (threads: 1)",
    ),

  pluginTwice: (kind: string, name: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PLUGIN_TWICE",
      `expected each ${kind} once; got two named ${name}`,
    ),

  routeUnfit: (path: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "ROUTE_UNFIT",
      `route: expected a path that starts with /; got ${JSON.stringify(path)}`,
    ),

  routesClash: (...[one, other]: readonly RouteOf[]) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "ROUTES_CLASH",
      `the protocols ${nameOfRoute(one)} and ${nameOfRoute(other)} have routes for the same requests; remove one of ` +
        "them, or change its paths",
    ),

  servicesClash: (service: string, one: string, other: string) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "ROUTES_CLASH",
      `the protocols ${one} and ${other} have the same gRPC service ${service}; remove one of them`,
    ),

  observerAlone: () =>
    new ServingError(
      "FAILED_PRECONDITION",
      "OBSERVER_ALONE",
      "askMain: expected a call in another event loop (isMain: false); got one in the main thread",
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
        /\.[cm]?tsx?$/i.test(path) ? "; compile TypeScript first, or run node --import tsx" : ""
      }`,
      { cause },
    ),

  customExportUnfit: (
    path: string,
    exportName: string,
    received: unknown,
    exported: readonly string[],
  ) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "CUSTOM_EXPORT_UNFIT",
      `custom platform: expected ${path} to export "${exportName}", a platform or a function ` +
        `(path, config) => Predictor; got ${received === null ? null : typeof received}; it exports ` +
        `${exported.join(", ") || "nothing"}`,
    ),
};
