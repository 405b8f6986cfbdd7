import type { HttpAnswer, HttpRequest, Protocol, ServerCore } from "@serving-kit/server";
import { pageHtml } from "./page-html.js";
import { listModels, type ModelsPage } from "./page-models.js";

/** Headers of the page: it depends on `Accept`, must not be cached, and loads no resources and runs no scripts. */
const HEADERS = {
  Vary: "Accept",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
} as const;

/**
 * The page at `GET /` of the server's own ports. It lists each model with its versions, their states and a curl
 * command, as HTML for a client that accepts `text/html`, otherwise as JSON. TF Serving responds with 404 there.
 *
 * - The status is 503 until the server is ready, and whenever it is no longer ready.
 * - For a failed version it shows only the reason, because messages may contain file paths.
 * - A route `GET /` of another protocol replaces the page. If the server is mounted in an app, `/` belongs to the app.
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

/** Returns the address at which the client reached the server. A header that is not a valid host name is not echoed. */
function baseOf({ headers: { host }, isSecure }: HttpRequest): string {
  const isHost = typeof host === "string" && /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(host);
  return `${isSecure ? "https" : "http"}://${isHost ? host : "localhost"}`;
}
