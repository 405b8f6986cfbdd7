import { readFileSync } from "node:fs";
import { Client, credentials } from "@grpc/grpc-js";
import { createModelServer } from "serving-kit";

// Run by Bun and Deno in a project that has the packed kit: asks the digits model over REST, the Fetch API and
// gRPC, closes the server and prints what it got.

const basePath = `${import.meta.dirname}/models/digits`;
const [{ image }] = JSON.parse(readFileSync(`${basePath}/samples.json`, "utf8"));
const body = JSON.stringify({ instances: [image] });
const address = { port: 0, host: "127.0.0.1" };
const path = "/v1/models/digits:predict";

const server = await createModelServer({ models: [{ name: "digits", basePath }], metrics: {} });
const rest = await server.listen(address);
const grpc = await server.listenGrpc(address);

const probabilitiesOf = async (response: Response): Promise<number[]> =>
  (await response.json()).predictions[0];
const url = `http://127.0.0.1:${rest.port}${path}`;
const byRest = await probabilitiesOf(await fetch(url, { method: "POST", body }));
const request = new Request(`http://localhost${path}`, { method: "POST", body });
const byFetch = await probabilitiesOf(await server.fetch(request));

const client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
const pass = (bytes: Buffer) => bytes;
const health = await new Promise<string>((resolve, reject) => {
  const method = "/grpc.health.v1.Health/Check";
  client.makeUnaryRequest(method, pass, pass, Buffer.alloc(0), (error, answer) =>
    answer ? resolve(answer.toString("hex")) : reject(error),
  );
});
client.close();
await server.close();
const isClosed = await fetch(url, { method: "POST", body }).then(
  () => false,
  () => true,
);
console.log(JSON.stringify({ byRest, byFetch, health, isClosed }));
