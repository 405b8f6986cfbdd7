// Adds TF Serving's REST API under /ml to an existing Hono app. `models.fetch` takes a Request and returns a
// Response, so it works with any framework that uses the Fetch API.
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { createModelServer } from "serving-kit";

const basePath = `${import.meta.dirname}/../models/digits`;
const token = process.env.TOKEN ?? "let-me-in";
const app = new Hono();
app.get("/health", (context) => context.json({ status: "ok" }));

// #region predictions
const models = await createModelServer({ models: [{ name: "digits", basePath }] });
app.use("/ml/*", bearerAuth({ token }));
app.mount("/ml", models.fetch); // POST /ml/v1/models/digits:predict, …
// #endregion

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://localhost:${port}`);
});

process.once("SIGTERM", async () => {
  await models.lameDuck(Number(process.env.LAME_DUCK_MS ?? 5_000)); // until load balancers stop sending requests
  server.close(); // no new connections
  await models.close(); // finishes the requests in flight, then unloads
  setTimeout(() => {
    if ("closeAllConnections" in server) server.closeAllConnections(); // connections without a request
  }, 1_000).unref();
  console.log("closed");
});
