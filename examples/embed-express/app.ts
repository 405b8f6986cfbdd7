// Adds TF Serving's REST API to an existing Express app, on the same port. It is mounted before the app's body
// parser, because it reads its bodies itself.
import express from "express";
import { createModelServer } from "serving-kit";

const basePath = `${import.meta.dirname}/../models/digits`;
const app = express();
// #region predictions
const models = await createModelServer({ models: [{ name: "digits", basePath }] });
app.use(models.rest); // POST /v1/models/digits:predict, GET /v1/models/digits, …
// #endregion
app.use(express.json());

app.get("/health", (_request, response) => {
  response.json({ status: "ok" });
});
app.post("/orders", (request, response) => {
  response.status(201).json({ received: request.body });
});

app.use((_request, response) => {
  response.status(404).json({ error: "this app has no such page" });
});

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  const { port } = server.address() as { port: number };
  console.log(`listening on http://localhost:${port}`);
});

// #region closing
process.once("SIGTERM", async () => {
  await models.lameDuck(Number(process.env.LAME_DUCK_MS ?? 5_000)); // until load balancers stop sending requests
  server.close(); // no new connections
  await models.close(); // finishes the requests in flight, then unloads
  setTimeout(() => server.closeAllConnections(), 1_000).unref(); // connections without a request
  console.log("closed");
});
// #endregion
