import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type Logger, shareSignal } from "@serving-kit/core";
import { errors } from "../errors.js";
import type { LoopLimits } from "../limits/loop-limits.js";
import { isAllowedHost } from "./allowed-host.js";
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
 * Paths without a route go to `next` if it is given, else they are answered with 404.
 */
export type RestListener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** How an event loop listens by `createRestListener`. */
export interface ListenerHost {
  readonly logger: Logger;
  readonly limits: LoopLimits;
  /** Whether the listener is the server's own, and not mounted in an app, which has limits of its own. */
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
    // A literal without a spread: V8 makes a slow object of one with a spread, for each request.
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
    void api
      .handle(incoming)
      .then((answer) =>
        writeAnswer(request, response, answer, { headers, logger, answers, allowance }),
      );
  };
  return listener as RestListener; // of HTTP/2 it uses what Node made to be like HTTP/1
}

/** Returns what warns once that a parser of the app has read bodies. */
function lossyWarning(logger: Logger): () => void {
  let hasWarned = false;
  return () => {
    if (hasWarned) return;
    hasWarned = true;
    logger.warn(
      { reason: "BODY_ALREADY_PARSED" },
      "a JSON body parser ran before server.rest: int64 beyond 2^53, NaN and 1.0 are lost on the " +
        "way. Mount server.rest before it",
    );
  };
}

/** Path and query of a request's target, which a proxy may send with scheme and host before it. */
function targetOf(url: string): { readonly path: string; readonly search: string } {
  const target = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?]*/i, "");
  const query = target.indexOf("?");
  if (query === -1) return { path: target, search: "" };
  return { path: target.slice(0, query), search: target.slice(query + 1) };
}

const controllers = new WeakMap<object, AbortController>();

/**
 * The signal that aborts when the client has gone: one for each connection, because an
 * AbortController for each request costs more than all the rest of its handling.
 */
function signalOf(request: IncomingMessage, response: ServerResponse): AbortSignal {
  // Under HTTP/2 a connection carries many requests; there each has its own.
  const { socket } = request;
  const owner = request.httpVersionMajor >= 2 ? response : socket;
  let controller = controllers.get(owner);
  if (controller === undefined) {
    const created = new AbortController();
    controller = created;
    controllers.set(owner, created);
    shareSignal(created.signal);
    // The reason is made late: its stack would cost, and most closes come between requests.
    const gone = () => created.abort(errors.clientGone());
    if (owner.destroyed) gone();
    else owner.once("close", gone);
  }
  return controller.signal;
}
