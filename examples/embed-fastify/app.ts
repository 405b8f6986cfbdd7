// Adds TF Serving's REST API under /ml to an existing Fastify app, behind a hook that checks authorization.
import { servingKit } from "@serving-kit/fastify";
import fastify from "fastify";
import { createModelServer } from "serving-kit";

const basePath = `${import.meta.dirname}/../models/digits`;
const authorization = `Bearer ${process.env.TOKEN ?? "let-me-in"}`;
const app = fastify();
app.get("/health", () => ({ status: "ok" }));

// #region predictions
const models = await createModelServer({ models: [{ name: "digits", basePath }] });
app.register(
  (ml, _options, done) => {
    ml.addHook("onRequest", async (request, reply) => {
      if (request.headers.authorization !== authorization) return reply.code(401).send();
    });
    ml.register(servingKit, { server: models, closeWithApp: true });
    done();
  },
  { prefix: "/ml" }, // POST /ml/v1/models/digits:predict, …
);
// #endregion

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`listening on ${app.listeningOrigin}`);

process.once("SIGTERM", async () => {
  await models.lameDuck(Number(process.env.LAME_DUCK_MS ?? 5_000)); // until load balancers stop sending requests
  setTimeout(() => app.server.closeAllConnections(), 10_000).unref(); // maximum wait
  await app.close(); // finishes the requests in flight, then closes the models
  console.log("closed");
});
