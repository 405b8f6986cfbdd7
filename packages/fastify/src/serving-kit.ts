import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { ModelServer } from "@serving-kit/server";
import type {
  FastifyBaseLogger,
  FastifyPluginCallback,
  FastifyReply,
  FastifyRequest,
  FastifyTypeProvider,
  RawServerBase,
} from "fastify";
import { fastifyRoutes } from "./fastify-routes.js";
import { readPayload } from "./read-payload.js";

/** A response. An HTTP/2 response has a stream. */
type Response = ServerResponse & { readonly stream?: ServerHttp2Stream };

/** Options in addition to Fastify's own `prefix` and `logLevel`. */
export interface ServingKitOptions {
  /** The model server whose HTTP routes are added to the app. It does not have to listen itself. */
  readonly server: Pick<ModelServer, "rest" | "routes" | "endStreams" | "close">;
  /**
   * True if `app.close()` also closes the server: after the last request is answered, before `app.close()` resolves.
   * Default false: the caller closes the server, after the app.
   */
  readonly closeWithApp?: boolean | undefined;
}

/**
 * The Fastify plugin that serves the HTTP routes of a server's protocols under the prefix it is registered with.
 *
 * ```ts
 * app.register(servingKit, { server, prefix: "/ml", closeWithApp: true });
 * ```
 *
 * P1. It handles only the methods and paths of `server.routes`, such as `/v1/models/*`. The app decides whether paths
 * are case-sensitive.
 * P2. The app's hooks run as for any route: `onRequest`, `preParsing`, `preValidation`, `preHandler`, `onResponse`.
 *     If a hook replies, for example with 401, the request does not reach a model. Headers set by hooks are sent.
 *     `onSend` hooks do not run, because responses are written directly to the socket.
 * P3. The app's content type parsers do not read the body, and Fastify's `bodyLimit` does not apply: the server reads
 * the body, up to its own `maxBodyBytes`. The app's other routes keep their parsers.
 * P4. `app.close()` answers the requests in flight and closes their connections. Open-ended responses, such as
 * server-sent events, end then.
 * P5. Errors have the protocol's format, such as `{"error": "…"}`. The app's error handler receives only errors of
 * its hooks.
 *
 * @throws TypeError, from `app.ready()`, if `server` is not a model server (for example, a promise of one). Fastify's
 * error if the app already has one of the server's routes.
 */
export const servingKit: FastifyPluginCallback<
  ServingKitOptions,
  RawServerBase,
  FastifyTypeProvider,
  FastifyBaseLogger
> = (app, options, done) => {
  const { server, closeWithApp = false } = options;
  if (typeof server?.rest !== "function") {
    done(
      new TypeError("servingKit: expected `server` to be the result of await createModelServer(…)"),
    );
    return;
  }
  const inFlight = new Set<Response>();
  keepBodies(app);
  try {
    addRoutes(app, server, handlerOf(app, server, inFlight));
  } catch (error) {
    done(error as Error); // the app already has this route
    return;
  }
  app.addHook("preClose", async () => {
    server.endStreams(); // app.close() waits for these streams
    closeAfterResponse(inFlight);
  });
  if (closeWithApp) app.addHook("onClose", () => server.close());
  done();
};

/** An app of any kind of HTTP server. */
type App = Parameters<typeof servingKit>[0];

/** Leaves request bodies to the server, except those that a `preParsing` hook replaced. */
function keepBodies(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (request, payload, parsed) => {
    if (payload === request.raw) parsed(null);
    else
      readPayload(payload, request.routeOptions.bodyLimit).then(
        (body) => parsed(null, body),
        parsed,
      );
  });
}

/** The handler of all routes. `inFlight` has the responses that it has started. */
function handlerOf(app: App, server: ServingKitOptions["server"], inFlight: Set<Response>) {
  const segments = app.prefix.replace(/\/$/, "").split("/").length - 1;
  return (request: FastifyRequest, reply: FastifyReply) => {
    const raw: IncomingMessage & { body?: unknown } = request.raw;
    const response: Response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value);
    }
    if (request.body !== undefined) raw.body = request.body;
    let isClaimed = true;
    const { url = "/" } = raw;
    // As in Express: the handler sees the path without the prefix, and the full path is restored afterwards.
    raw.url = withoutSegments(url, segments);
    server.rest(raw, response, () => {
      isClaimed = false;
    });
    raw.url = url;
    if (!isClaimed) return reply.callNotFound();
    inFlight.add(response);
    response.once("close", () => inFlight.delete(response));
    return reply.hijack();
  };
}

/** @throws Error of Fastify if the app already has one of the routes. */
function addRoutes(
  app: App,
  { routes }: ServingKitOptions["server"],
  handler: ReturnType<typeof handlerOf>,
): void {
  for (const { url, methods } of fastifyRoutes(routes)) {
    for (const method of methods) {
      if (method !== "*" && !app.supportedMethods.includes(method))
        app.addHttpMethod(method, { hasBody: true });
    }
    if (methods.has("*")) app.all(url, handler as never);
    else app.route({ url, method: [...methods], handler: handler as never });
  }
}

/** Otherwise the app would wait until the client or the keep-alive timeout closes these connections. */
function closeAfterResponse(inFlight: Iterable<Response>): void {
  for (const response of inFlight) {
    if (response.stream) response.stream.session?.close();
    else if (!response.headersSent) response.setHeader("Connection", "close");
  }
}

/** A path without the segments of the prefix. Any of these may be a parameter: `/:tenant/ml`. */
function withoutSegments(url: string, segments: number): string {
  let at = 0;
  for (let i = 0; i < segments; i++) {
    at = url.indexOf("/", at + 1);
    if (at === -1) return "/";
  }
  return url.slice(at);
}
