// Adds TF Serving's REST API under /ml to an existing node:http server, on the same port and behind the server's own
// authorization check.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createModelServer } from "serving-kit";

const basePath = `${import.meta.dirname}/../models/digits`;
const authorization = `Bearer ${process.env.TOKEN ?? "let-me-in"}`;

// #region predictions
const models = await createModelServer({ models: [{ name: "digits", basePath }] });

const server = createServer((request, response) => {
  const { url = "/", headers } = request;
  if (url === "/health") {
    response.end(JSON.stringify({ status: "ok" }));
  } else if (headers.authorization !== authorization) {
    response.writeHead(401).end();
  } else if (url.startsWith("/ml/")) {
    request.url = url.slice("/ml".length); // as Express does for app.use("/ml", models.rest)
    models.rest(request, response); // POST /ml/v1/models/digits:predict, …
  } else {
    response.writeHead(404).end();
  }
});
// #endregion

server.listen(Number(process.env.PORT ?? 3000), () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://localhost:${port}`);
});

process.once("SIGTERM", async () => {
  await models.lameDuck(Number(process.env.LAME_DUCK_MS ?? 5_000)); // until load balancers stop sending requests
  server.close(); // no new connections
  await models.close(); // finishes the requests in flight, then unloads
  setTimeout(() => server.closeAllConnections(), 1_000).unref(); // connections without a request
  console.log("closed");
});
