import { parseVersion, type ServableRequest } from "@serving-kit/core";
import { decodeSegment } from "@serving-kit/server";
import { errors } from "../errors.js";

/** A parsed request of TF Serving's REST API. */
export type Route =
  | { readonly kind: "predict" | "classify" | "regress"; readonly request: ServableRequest }
  | { readonly kind: "status" | "metadata"; readonly request: ServableRequest }
  | { readonly kind: "list" | "live" | "ready" | "preflight" };

const PREDICTION =
  /^\/v1\/models\/([^/:]+)(?:\/versions\/(\d+)|\/labels\/([^/:]+))?:(classify|regress|predict)$/i;
const STATUS =
  /^\/v1\/models(?:\/([^/:]+))?(?:\/versions\/(\d+)|\/labels\/([^/:]+))?(\/metadata)?$/i;
const HEALTH = /^\/v1\/health\/(live|ready)$/i;

/**
 * Parses the method and path of a request. Routes are not case-sensitive; names and labels are. Names and labels are
 * percent-decoded after the path was split, so that a name cannot change the path.
 *
 * @throws ServingError INVALID_ARGUMENT / MALFORMED_REQUEST with TF Serving's text.
 */
export function matchRoute(method: string, path: string): Route {
  if (method === "POST") {
    const match = PREDICTION.exec(path);
    if (match) {
      const kind = (match[4] as string).toLowerCase() as "predict" | "classify" | "regress";
      return { kind, request: requestOf(match) };
    }
  } else if (method === "GET" || method === "HEAD") {
    const health = HEALTH.exec(path);
    if (health) return { kind: (health[1] as string).toLowerCase() as "live" | "ready" };
    const match = STATUS.exec(path);
    if (match) {
      if (match[1] === undefined) {
        if (path.length === "/v1/models".length) return { kind: "list" };
        throw errors.requestUnfit("Missing model name in request.");
      }
      return { kind: match[4] === undefined ? "status" : "metadata", request: requestOf(match) };
    }
  } else if (method === "OPTIONS") return { kind: "preflight" };
  throw errors.malformedRequest(method, path);
}

function requestOf([, name, version, label]: RegExpExecArray): ServableRequest {
  const model = decodeSegment(name as string);
  if (version !== undefined) {
    const parsed = parseVersion(version);
    if (parsed === undefined) throw errors.versionNotNumeric(version);
    return { name: model, version: parsed };
  }
  return label === undefined ? { name: model } : { name: model, label: decodeSegment(label) };
}
