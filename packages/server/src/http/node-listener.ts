import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Logger } from "@serving-kit/core";
import type { LoopLimits } from "../limits/loop-limits.js";
import { isAllowedHost } from "./allowed-host.js";
import { clientSignal } from "./client-signal.js";
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
import { targetOf } from "./request-target.js";
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
      // An HTTP/2 connection carries many requests, so each has its own signal.
      signal: clientSignal(request.httpVersionMajor >= 2 ? response : request.socket),
      allowance,
      isOwn,
      isSecure: "encrypted" in request.socket,
      isAllowed:
        !isOwn ||
        isAllowedHost(request.headers.host, request.socket.localAddress, limits.allowedHosts),
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
