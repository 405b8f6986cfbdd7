import type { HttpAnswer, HttpRequest, Protocol, ServerCore } from "@serving-kit/server";
import { pageHtml } from "./page-html.js";
import { listModels, type ModelsPage } from "./page-models.js";

/** Headers of the page: it depends on `Accept` and on now, and loads and runs nothing. */
const HEADERS = {
  Vary: "Accept",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
} as const;

/**
 * The page at `GET /` of the server's own ports: each model with its versions, their states and a curl line. It is HTML
 * for a client that accepts `text/html`, else JSON. TF Serving answers 404 there.
 *
 * - The status is 503 until the server is ready, and when it no longer is.
 * - A failed version has its reason only: messages may name paths of the file system.
 * - A route `GET /` of another protocol replaces the page. Mounted in an app, the server leaves `/` to the app.
 */
export function modelsPage(): Protocol {
  return {
    name: "models-page",
    apis: [], // it calls no model
    module: { url: import.meta.url, exportName: "modelsPage" },
    http: (core) => [
      { method: "GET", path: "/", fallback: true, handle: (request) => answer(core, request) },
    ],
  };
}

function answer(core: ServerCore, request: HttpRequest): HttpAnswer {
  const page: ModelsPage = { ready: core.isReady(), models: listModels(core, baseOf(request)) };
  const isHtml = String(request.headers.accept).toLowerCase().includes("text/html");
  return {
    status: page.ready ? 200 : 503,
    contentType: isHtml ? "text/html; charset=utf-8" : "application/json",
    headers: HEADERS,
    body: Buffer.from(isHtml ? pageHtml(page) : `${JSON.stringify(page, null, 2)}\n`),
  };
}

/** The address by which the client reached the server. A name that is not one of a host is not repeated. */
function baseOf({ headers: { host }, isSecure }: HttpRequest): string {
  const isHost = typeof host === "string" && /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(host);
  return `${isSecure ? "https" : "http"}://${isHost ? host : "localhost"}`;
}
