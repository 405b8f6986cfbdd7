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

/** An answer; that of HTTP/2 has a stream. */
type Response = ServerResponse & { readonly stream?: ServerHttp2Stream };

/** Options in addition to Fastify's own `prefix` and `logLevel`. */
export interface ServingKitOptions {
  /** The model server whose HTTP routes the app answers. It need not listen. */
  readonly server: Pick<ModelServer, "rest" | "routes" | "endStreams" | "close">;
  /**
   * Whether the server closes with the app: after the last request was answered, before `app.close()`
   * resolves. Default false: who made the server closes it, after the app.
   */
  readonly closeWithApp?: boolean | undefined;
}

/**
 * The Fastify plugin that answers the HTTP routes of a server's protocols below the prefix it is registered with.
 *
 * ```ts
 * app.register(servingKit, { server, prefix: "/ml", closeWithApp: true });
 * ```
 *
 * P1. It claims the methods and paths of `server.routes`, such as `/v1/models/*`, and no other. Whether case
 *     counts in a path is the app's choice.
 * P2. The app's hooks run as for any route: `onRequest`, `preParsing`, `preValidation`, `preHandler`,
 *     `onResponse`. What a hook answers, such as 401, never reaches a model; headers that it sets are
 *     sent. Only `onSend` does not run: the answer is written straight to the socket.
 * P3. No content type parser of the app reads the body, and Fastify's `bodyLimit` does not count: the
 *     server reads it, with its own `maxBodyBytes`. The parsers of the app's other routes stay.
 * P4. `app.close()` answers the requests in flight and closes their connections. Answers without an end of their
 *     own, such as server-sent events, end then.
 * P5. Errors have the form of the protocol, such as `{"error": "…"}`; the app's error handler sees those of its
 *     hooks.
 *
 * @throws TypeError, from `app.ready()`, if `server` is not a model server, but a promise of one for
 * example; Fastify's error if a route of the server is one of the app's as well.
 */
export const servingKit: FastifyPluginCallback<
  ServingKitOptions,
  RawServerBase,
  FastifyTypeProvider,
  FastifyBaseLogger
> = (app, options, done) => {
  const { server, closeWithApp = false } = options;
  if (typeof server?.rest !== "function") {
    done(new TypeError("servingKit: expected as `server` what createModelServer resolves with"));
    return;
  }
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (request, payload, parsed) => {
    if (payload === request.raw) parsed(null);
    else
      readPayload(payload, request.routeOptions.bodyLimit).then(
        (body) => parsed(null, body),
        parsed,
      );
  });

  const segments = app.prefix.replace(/\/$/, "").split("/").length - 1;
  const inFlight = new Set<Response>();
  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    const raw: IncomingMessage & { body?: unknown } = request.raw;
    const response: Response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value);
    }
    if (request.body !== undefined) raw.body = request.body;
    let isClaimed = true;
    const { url = "/" } = raw;
    // As Express does it: the path below the prefix while the handler looks, then the whole one again.
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
  try {
    for (const { url, methods } of fastifyRoutes(server.routes)) {
      for (const method of methods) {
        if (method !== "*" && !app.supportedMethods.includes(method))
          app.addHttpMethod(method, { hasBody: true });
      }
      if (methods.has("*")) app.all(url, answer as never);
      else app.route({ url, method: [...methods], handler: answer as never });
    }
  } catch (error) {
    done(error as Error); // a route that the app has too
    return;
  }
  app.addHook("preClose", async () => {
    server.endStreams(); // the app waits for them too
    // Else the app would wait for these connections until their client or the keep-alive time ends them.
    for (const response of inFlight) {
      if (response.stream) response.stream.session?.close();
      else if (!response.headersSent) response.setHeader("Connection", "close");
    }
  });
  if (closeWithApp) app.addHook("onClose", () => server.close());
  done();
};

/** A path without the segments of the prefix, of which each may be a parameter: `/:tenant/ml`. */
function withoutSegments(url: string, segments: number): string {
  let at = 0;
  for (let i = 0; i < segments; i++) {
    at = url.indexOf("/", at + 1);
    if (at === -1) return "/";
  }
  return url.slice(at);
}
