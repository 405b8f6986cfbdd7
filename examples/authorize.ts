import { createModelServer, ServingError } from "serving-kit";

const basePath = `${import.meta.dirname}/models/digits`;
const token = "my-secret-token";

// #region authorize
const server = await createModelServer({
  models: { digits: basePath },
  authorize: ({ metadata, model }) => {
    if (metadata.authorization !== `Bearer ${token}`) {
      throw new ServingError("UNAUTHENTICATED", "TOKEN_MISSING", "expected a bearer token");
    }
    return model === undefined || model === "digits";
  },
});
// #endregion

const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
const status = async (headers: Record<string, string>) =>
  (await fetch(`http://127.0.0.1:${port}/v1/models/digits`, { headers })).status;
console.log(
  `without a token ${await status({})}, with it ${await status({ authorization: `Bearer ${token}` })}`,
);
await server.close();
