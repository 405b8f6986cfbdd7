import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from "node:http2";
import { type Logger, shareSignal } from "@serving-kit/core";
import { errors } from "../errors.js";
import {
  CORS_HEADERS,
  DEFAULT_MAX_BODY_BYTES,
  type HttpApi,
  type HttpOptions,
  type OutgoingHttp,
} from "./http-api.js";
import { inflate } from "./inflate.js";
import { consumedBody, readBody } from "./read-body.js";
import { giveUp, writeStream } from "./write-stream.js";

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

const MAX_JOINED_BYTES = 16_384;

/** Makes the request handler of all HTTP routes for node:http. */
export function createRestListener(
  api: HttpApi,
  logger: Logger,
  { cors = false, maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: HttpOptions = {},
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

  const respond = (response: ServerResponse, answer: OutgoingHttp) => {
    const { body, done } = answer;
    // The app may have answered meanwhile, as a middleware for timeouts does.
    if (response.headersSent || response.destroyed) {
      if (!(body instanceof Uint8Array)) giveUp(body);
      return done?.();
    }
    if (cors)
      for (const [name, value] of Object.entries(CORS_HEADERS)) response.setHeader(name, value);
    if (answer.closesConnection) hangUpAfter(response);
    const contentType = answer.contentType ?? "application/json";
    if (!(body instanceof Uint8Array)) {
      response.writeHead(answer.status, { "Content-Type": contentType, ...answer.headers });
      if (response.req.method === "HEAD") {
        giveUp(body);
        response.end();
        return done?.();
      }
      const { isLast = () => false } = answer;
      const beforeEnd = () => isLast() && hangUpAtEnd(response);
      return void writeStream(response, body, { logger, beforeEnd }).finally(done);
    }
    response.writeHead(answer.status, {
      "Content-Type": contentType,
      "Content-Length": body.length,
      ...answer.headers,
    });
    // Node writes headers and a string in one piece, but headers and a buffer in two. Latin-1 gives
    // every byte back as it is.
    if (body.length > MAX_JOINED_BYTES) response.end(body);
    else response.end(latin1(body), "latin1");
  };

  const listener = (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => {
    const { method = "GET", url = "/" } = request;
    const { path, search } = targetOf(url);
    if (next && (!api.routes.claims(path) || (method === "OPTIONS" && !cors))) return next();
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
      .handle({ method, path, search, headers, body, signal, peer: request.socket.remoteAddress })
      .then((answer) => respond(response, answer));
  };
  return listener as RestListener; // of HTTP/2 it uses what Node made to be like HTTP/1
}

/** Has the client hang up when it has been answered. HTTP/2 has no header for that, but a frame. */
function hangUpAfter(response: ServerResponse & { readonly stream?: ServerHttp2Stream }): void {
  if (response.stream === undefined) response.setHeader("Connection", "close");
  else response.stream.session?.close(); // after its streams have ended
}

/** The same for an answer whose headers have been sent. */
function hangUpAtEnd(response: ServerResponse & { readonly stream?: ServerHttp2Stream }): void {
  const { socket } = response;
  if (response.stream) hangUpAfter(response);
  else response.once("finish", () => socket?.destroySoon());
}

/** Path and query of a request's target, which a proxy may send with scheme and host before it. */
function targetOf(url: string): { readonly path: string; readonly search: string } {
  const target = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?]*/i, "");
  const query = target.indexOf("?");
  if (query === -1) return { path: target, search: "" };
  return { path: target.slice(0, query), search: target.slice(query + 1) };
}

const latin1 = (bytes: Uint8Array) =>
  Buffer.isBuffer(bytes)
    ? bytes.toString("latin1")
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

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
