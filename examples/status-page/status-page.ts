import {
  type CallContext,
  type HttpAnswer,
  type Protocol,
  type ServerCore,
  serverSentEvents,
} from "@serving-kit/server";
import { PAGE } from "./page.js";

/** A page that shows the states of all versions live, and the same data as JSON and as server-sent events. */
export const statusPage: Protocol = {
  name: "status-page",
  apis: [], // the page never calls a model
  module: { url: import.meta.url, exportName: "statusPage" },
  http: (core) => [
    {
      method: "GET",
      path: "/status",
      handle: () => answer("text/html; charset=utf-8", PAGE),
    },
    {
      method: "GET",
      path: "/status.json", // ?model=digits
      handle({ search }) {
        const model = new URLSearchParams(search).get("model") ?? undefined;
        return answer("application/json", JSON.stringify(rowsOf(core, model)));
      },
    },
    {
      method: "GET",
      path: "/status/events",
      handle: (request) => serverSentEvents(changes(core, request), { clock: core.clock }),
    },
  ],
};

// #region changes
/** Ends when the client disconnects or the server closes. */
async function* changes(core: ServerCore, request: CallContext) {
  for await (const _ of core.stateChanges(request)) yield { event: "versions", data: rowsOf(core) };
}
// #endregion

function rowsOf(core: ServerCore, model?: string) {
  return core.versions(model).map(({ id, state, error }) => ({
    model: id.name,
    version: String(id.version),
    state,
    ...(error && { error: error.message }),
  }));
}

const answer = (contentType: string, text: string): HttpAnswer => ({
  status: 200,
  contentType,
  body: Buffer.from(text),
});

/** The plugin export of this module: `serving-kit --plugins=./status-page.ts` serves the page. */
export const protocols = statusPage;
