import { once } from "node:events";
import { type ClientHttp2Session, connect, type Settings } from "node:http2";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ChannelArguments } from "../src/index.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

let world: World;
const sessions: ClientHttp2Session[] = [];
beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
});
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await world[Symbol.asyncDispose]();
});

async function serve(channelArguments: ChannelArguments = {}): Promise<number> {
  const server = await world.serve(["m"]);
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1", channelArguments });
  return port as number;
}

function open(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`).on("error", () => {});
  sessions.push(session);
  return session;
}

it("accepts 1000 concurrent calls per connection by default", async () => {
  const callsOf = async (port: number) => {
    const [{ maxConcurrentStreams }] = (await once(open(port), "remoteSettings")) as [Settings];
    return maxConcurrentStreams;
  };
  expect(await callsOf(await serve())).toBe(1_000);
  expect(await callsOf(await serve({ "grpc.max_concurrent_streams": 7 }))).toBe(7);
});

it("closes a connection that Node stopped reading because calls were cancelled too fast", async () => {
  const port = await serve({ "grpc.keepalive_time_ms": 20, "grpc.keepalive_timeout_ms": 20 });
  const session = open(port);
  await once(session, "remoteSettings");
  // The server may end it with an error.
  const closed = new Promise((resolve) => session.on("error", () => {}).once("close", resolve));
  const headers = {
    ":method": "POST",
    ":path": "/tensorflow.serving.PredictionService/Predict",
    "content-type": "application/grpc",
  };
  for (let i = 0; i < 2_000 && !session.closed && !session.destroyed; i++) {
    const stream = session.request(headers).on("error", () => {});
    stream.close(8);
    if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  using client = new GrpcClient(`127.0.0.1:${port}`);
  expect(await client.health("m")).toBe(1);
});
