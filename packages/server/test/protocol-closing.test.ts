import { expect, it } from "vitest";
import type { HttpAnswer, Protocol } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

it("PS6 while it closes, all but whileClosing is rejected, and what has begun is waited for", async () => {
  await using world = await World.create();
  const OK: HttpAnswer = { status: 200, body: Buffer.from("{}") };
  let hasBegun = false;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const route = (path: string, handle: () => HttpAnswer | Promise<HttpAnswer> = () => OK) => ({
    ...{ method: "GET", path, handle },
  });
  const begin = async () => {
    hasBegun = true;
    await finished;
    return OK;
  };
  const protocol: Protocol = {
    name: "doors",
    apis: [],
    http: () => [{ ...route("/open"), whileClosing: true }, route("/shut"), route("/long", begin)],
    grpc: () => [
      {
        name: "test.Doors",
        methods: { Shut: { kind: "unary", handle: (message) => message } },
      },
    ],
  };
  const server = await world.serve([], { startUpPolicy: "none", protocols: [protocol] });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  const grpc = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  using client = new GrpcClient(`127.0.0.1:${grpc.port}`);
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const call = () => client.raw("/test.Doors/Shut", Buffer.from("x"));
  expect((await ask("/shut")).status).toBe(200);
  expect(String(await call())).toBe("x");

  const long = ask("/long");
  while (!hasBegun) await new Promise((resolve) => setImmediate(resolve));
  const closed = server.close();
  expect((await ask("/open")).status).toBe(200);
  const refused = await ask("/shut");
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { error: "the server is shutting down" },
  ]);
  await expect(call()).rejects.toMatchObject({ code: 14 });
  finish();
  expect((await long).status).toBe(200);
  await closed;
});
