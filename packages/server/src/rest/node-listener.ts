import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from "node:http2";
import { type Logger, shareSignal } from "@serving-kit/core";
import { errors } from "../errors.js";
import { inflate } from "./inflate.js";
import { consumedBody, readBody } from "./read-body.js";
import {
  CORS_HEADERS,
  DEFAULT_MAX_BODY_BYTES,
  type RestApi,
  type RestOptions,
  type RestResponse,
} from "./rest-api.js";
import { isOurs } from "./router.js";

/**
 * A request handler for node:http, https and http2, Connect and Express, under any mount prefix.
 *
 * Paths that are not of this API go to `next` where it is given, else they are answered with 404.
 */
export type RestListener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  next?: (error?: unknown) => void,
) => void;

const MAX_JOINED_BYTES = 16_384;

/** Makes the REST API's request handler for node:http. */
export function createRestListener(
  api: RestApi,
  logger: Logger,
  { cors = false, maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: RestOptions = {},
): RestListener {
  let hasWarned = false;
  const onLossy = () => {
    if (hasWarned) return;
    hasWarned = true;
    logger.warn(
      { reason: "BODY_ALREADY_PARSED" },
      "a JSON body parser ran before server.rest: int64 beyond 2^53, NaN and 1.0 are lost on the " +
        "way. Mount server.rest before it",
    );
  };

  const respond = (response: ServerResponse, answer: RestResponse) => {
    // The app may have answered meanwhile, as a middleware for timeouts does.
    if (response.headersSent || response.destroyed) return;
    if (cors)
      for (const [name, value] of Object.entries(CORS_HEADERS)) response.setHeader(name, value);
    if (answer.closesConnection) hangUpAfter(response);
    response.writeHead(answer.status, {
      "Content-Type": answer.contentType ?? "application/json",
      "Content-Length": answer.body.length,
    });
    const { body } = answer;
    // Node writes headers and a string in one piece, but headers and a buffer in two. Latin-1 gives
    // every byte back as it is.
    if (body.length > MAX_JOINED_BYTES) response.end(body);
    else response.end(body.toString("latin1"), "latin1");
  };

  const listener = (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => {
    const { method = "GET", url = "/" } = request;
    const path = pathOf(url);
    if (next && (!(isOurs(path) || api.isPage(path)) || (method === "OPTIONS" && !cors)))
      return next();
    if (!/^\/v1\//i.test(path) && !api.isPage(path)) {
      return respond(response, api.notFound(path));
    }
    const body = () => {
      if (request.readableDidRead) return consumedBody(request, onLossy);
      const bytes = readBody(request, maxBodyBytes);
      const encoding = request.headers["content-encoding"];
      if (encoding === undefined) return bytes;
      return bytes.then((deflated) => inflate(deflated, encoding, maxBodyBytes));
    };
    const { headers } = request;
    const signal = signalOf(request, response);
    void api
      .handle({ method, path, headers, body, signal })
      .then((answer) => respond(response, answer));
  };
  return listener as RestListener; // of HTTP/2 it uses what Node made to be like HTTP/1
}

/** Has the client hang up when it has been answered. HTTP/2 has no header for that, but a frame. */
function hangUpAfter(response: ServerResponse & { readonly stream?: ServerHttp2Stream }): void {
  if (response.stream === undefined) response.setHeader("Connection", "close");
  else response.stream.session?.close(); // after its streams have ended
}

/** The path of a request's target, which a proxy may send with scheme and host before it. */
function pathOf(url: string): string {
  const target = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?]*/i, "");
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
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
