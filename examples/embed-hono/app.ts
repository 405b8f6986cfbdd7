// A Hono application that exists already, with its own routes and middleware, gains predictions below
// /ml. So does everything built on the Fetch API: `models.fetch` takes a Request and gives a Response.
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
  await models.lameDuck(Number(process.env.LAME_DUCK_MS ?? 5_000)); // load balancers find out
  server.close(); // no new connections
  await models.close(); // answers what is in flight, then unloads
  setTimeout(() => {
    if ("closeAllConnections" in server) server.closeAllConnections(); // those that never asked
  }, 1_000).unref();
  console.log("closed");
});
