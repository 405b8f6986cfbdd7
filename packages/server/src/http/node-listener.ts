import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type Logger, shareSignal } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import { isAllowedHost } from "./allowed-host.js";
import { atEndOfTurn } from "./end-of-turn.js";
import {
  CORS_HEADERS,
  DEFAULT_MAX_BODY_BYTES,
  type HttpApi,
  type HttpOptions,
  type IncomingHttp,
} from "./http-api.js";
import { inflate } from "./inflate.js";
import { consumedBody, readBody } from "./read-body.js";
import { writeAnswer } from "./write-answer.js";

/**
 * A request handler for node:http, https and http2, Connect and Express, under any mount prefix.
 *
 * Paths without a route are passed to `next` if present; otherwise the response is 404.
 */
export type RestListener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** Options for `createRestListener`. */
export interface ListenerHost {
  readonly logger: Logger;
  readonly limits: LoopLimits;
  /** True if the listener is the server's own. A listener in an app is subject to the app's limits. */
  readonly isOwn: boolean;
}

/** Makes the request handler of all HTTP routes for node:http. */
export function createRestListener(
  api: HttpApi,
  { logger, limits, isOwn }: ListenerHost,
  { cors = false, maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: HttpOptions = {},
): RestListener {
  const onLossy = lossyWarning(logger);
  const answers = isOwn ? limits.answers : undefined;
  const headers = cors ? CORS_HEADERS : undefined;
  const listener = (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => {
    const { method = "GET", url = "/" } = request;
    const { path, search } = targetOf(url);
    if (next && (!api.routes.claims(path) || (method === "OPTIONS" && !cors))) return next();
    const allowance = limits.budget.open();
    const body = () => {
      if (request.readableDidRead) return consumedBody(request, onLossy);
      const bytes = readBody(request, maxBodyBytes, allowance);
      const encoding = request.headers["content-encoding"];
      if (encoding === undefined) return bytes;
      return bytes.then((deflated) =>
        inflate(deflated, encoding, { limit: maxBodyBytes, allowance }),
      );
    };
    // A literal without a spread, with which V8 would make a slow object for each request.
    const incoming: IncomingHttp = {
      method,
      path,
      search,
      headers: request.headers,
      peer: request.socket.remoteAddress,
      body,
      signal: signalOf(request, response),
      allowance,
      isOwn,
      isSecure: "encrypted" in request.socket,
      isAllowed: !isOwn || isAllowedHost(request, limits.allowedHosts),
    };
    void api.handle(incoming).then((answer) => {
      const writer = { headers, logger, answers, allowance };
      atEndOfTurn(() => writeAnswer(request, response, answer, writer));
    });
  };
  return listener as RestListener; // For HTTP/2 it uses only Node's HTTP/1-compatible API.
}

/** Returns a function that warns once if a parser of the app reads bodies. */
function lossyWarning(logger: Logger): () => void {
  let hasWarned = false;
  return () => {
    if (hasWarned) return;
    hasWarned = true;
    logger.warn(
      { reason: "BODY_ALREADY_PARSED" },
      "a JSON body parser runs before server.rest: it loses int64 above 2^53, NaN and the type of 1.0. " +
        "Mount server.rest before it",
    );
  };
}

/** Returns path and query of a request target, which may include scheme and host if a proxy sends it. */
function targetOf(url: string): { readonly path: string; readonly search: string } {
  const target = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?]*/i, "");
  const query = target.indexOf("?");
  if (query === -1) return { path: target, search: "" };
  return { path: target.slice(0, query), search: target.slice(query + 1) };
}

const controllers = new WeakMap<object, AbortController>();

/**
 * Returns the signal that aborts when the client disconnects: one per connection, because an AbortController per
 * request would cost more than the rest of its handling.
 */
function signalOf(request: IncomingMessage, response: ServerResponse): AbortSignal {
  // An HTTP/2 connection carries many requests, so each has its own signal.
  const { socket } = request;
  const owner = request.httpVersionMajor >= 2 ? response : socket;
  let controller = controllers.get(owner);
  if (controller === undefined) {
    const created = new AbortController();
    controller = created;
    controllers.set(owner, created);
    shareSignal(created.signal);
    // The reason is created lazily: its stack is expensive, and most connections close between requests.
    const gone = () => created.abort(errors.clientGone());
    if (owner.destroyed) gone();
    else owner.once("close", gone);
  }
  return controller.signal;
}
