import { existsSync } from "node:fs";
import { connect as connectHttp2, type Settings } from "node:http2";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseChannelArguments } from "../src/index.js";
import { codecOf } from "./codec.js";
import { hanging } from "./fixture-platform.js";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

const SERVING = 1;
const NOT_SERVING = 2;

let world: World;
const clients: GrpcClient[] = [];
beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client[Symbol.dispose]();
  await world[Symbol.asyncDispose]();
});

function connect(address: string | number): GrpcClient {
  const client = new GrpcClient(typeof address === "number" ? `127.0.0.1:${address}` : address);
  clients.push(client);
  return client;
}
async function serve(names = ["m"]) {
  const server = await world.serve(names);
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  return { server, client: connect(port as number) };
}

const request = (name: string) => ({
  model_spec: { name },
  inputs: { x: { dtype: 1, tensor_shape: { dim: [{ size: 1 }] }, float_val: [1] } },
});
const y = { y: { float_val: [2.5] } };

/** The number of bytes that a client may send unread: in a call, and over the connection. */
async function windowsOf(socket: Socket): Promise<(number | undefined)[]> {
  const session = connectHttp2("http://localhost", { createConnection: () => socket });
  const { initialWindowSize } = await new Promise<Settings>((resolve, reject) => {
    session.once("remoteSettings", resolve).once("error", reject);
  });
  // The connection's window comes in a frame of its own, after the settings.
  await new Promise((resolve) => session.ping(resolve));
  const { remoteWindowSize } = session.state;
  session.destroy();
  return [initialWindowSize, remoteWindowSize];
}

/** The statuses that a health watch is told, and how it ends. */
function watch({ client }: GrpcClient, service: string) {
  const told: number[] = [];
  const bytes = codecOf("grpc.health.v1.HealthCheckRequest").encode({ service });
  const { decode } = codecOf<{ status: number }>("grpc.health.v1.HealthCheckResponse");
  const stream = client.makeServerStreamRequest(
    "/grpc.health.v1.Health/Watch",
    Buffer.from,
    decode,
    Buffer.from(bytes),
  );
  stream.on("data", ({ status }) => told.push(status));
  stream.on("error", () => {});
  const ended = new Promise((resolve) => stream.once("status", ({ code }) => resolve(code)));
  return { told, ended };
}

describe("health", () => {
  it("is that of the models", async () => {
    await world.publish("broken", 1, { failure: "no weights" });
    const server = await world.serve(["m", "broken"], { startUpPolicy: "any" });
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    const client = connect(port as number);
    for (const service of ["", "PredictionService", "tensorflow.serving.ModelService", "m"]) {
      expect(await client.health(service)).toBe(SERVING);
    }
    expect(await client.health("broken")).toBe(NOT_SERVING);
    await expect(client.health("none")).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it("is sent to a watch when it changes, and the watch ends with the server", async () => {
    const { server, client } = await serve();
    const all = watch(client, "");
    const later = watch(client, "later");
    await expect.poll(() => [all.told, later.told]).toEqual([[SERVING], [3]]);
    await world.publish("later", 1);
    await server.reload(["m", "later"].map((name) => ({ name, basePath: join(world.path, name) })));
    await expect.poll(() => later.told.at(-1)).toBe(SERVING);
    await server.close({ deadlineMs: 5_000 });
    expect(await all.ended).toBe(status.OK);
    expect(all.told).toEqual([SERVING, NOT_SERVING]);
  });
});

describe("HandleReloadConfigRequest", () => {
  const reload = (client: GrpcClient, config: object) =>
    client.call("ModelService/HandleReloadConfigRequest", {
      config: { model_config_list: { config } },
    });

  it("replaces all models and answers when the new ones are available", async () => {
    const { client } = await serve();
    await world.publish("other", 3, { b: 7 });
    const base_path = join(world.path, "other");
    const all = { all: {} };
    const answer = await reload(client, [
      { name: "other", base_path, model_version_policy: all, version_labels: { stable: 3 } },
    ]);
    expect(answer.status).toMatchObject({ error_code: 0 });
    const labelled = {
      ...request("other"),
      model_spec: { name: "other", version_label: "stable" },
    };
    expect((await client.predict(labelled)).outputs).toMatchObject({ y: { float_val: [7.5] } });
    await expect(client.predict(request("m"))).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it("changes nothing for a configuration that is wrong", async () => {
    const { client } = await serve();
    await expect(reload(client, [{ name: "m", base_path: "relative" }])).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: "Expected model m to have an absolute path or URI; got base_path()=relative",
    });
    const custom = client.call("ModelService/HandleReloadConfigRequest", {
      config: { custom_model_config: { type_url: "x" } },
    });
    await expect(custom).rejects.toThrow("Only ModelConfigList is currently supported");
    expect((await client.predict(request("m"))).outputs).toMatchObject(y);
  });
});

describe("reflection", () => {
  function reflect({ client }: GrpcClient, version: string, asked: object): Promise<object> {
    const name = `grpc.reflection.${version}.ServerReflection`;
    return new Promise((resolve, reject) => {
      const stream = client.makeBidiStreamRequest(
        `/${name}/ServerReflectionInfo`,
        Buffer.from,
        codecOf(`${name}Response`).decode,
      );
      stream.on("data", (answer) => {
        resolve(answer);
        stream.end();
      });
      stream.on("error", reject);
      stream.write(Buffer.from(codecOf(`${name}Request`).encode(asked)));
    });
  }

  it.each(["v1", "v1alpha"])("lists services and describes them, in %s", async (version) => {
    const { client } = await serve();
    const { list_services_response: list } = (await reflect(client, version, {
      list_services: "*",
    })) as { list_services_response: { service: { name: string }[] } };
    expect(list.service.map(({ name }) => name)).toContain("tensorflow.serving.PredictionService");
    const symbol = { file_containing_symbol: "tensorflow.serving.PredictionService.Predict" };
    const { file_descriptor_response: files } = (await reflect(client, version, symbol)) as {
      file_descriptor_response: { file_descriptor_proto: Uint8Array[] };
    };
    const [first, ...needed] = files.file_descriptor_proto.map(
      (bytes) => descriptor.FileDescriptorProto.decode(bytes) as unknown as FileDescriptor,
    );
    expect(first?.package).toBe("tensorflow.serving");
    expect(needed.map((file) => file.package).sort()).toEqual([
      "google.protobuf",
      "tensorflow",
      "tensorflow.error",
    ]);
    const predict = first?.messageType.find(({ name }) => name === "PredictRequest");
    expect(predict?.field.map(({ typeName }) => typeName)).toContain(
      ".tensorflow.serving.PredictRequest.InputsEntry",
    );
    expect(await reflect(client, version, { file_containing_symbol: "x.Y" })).toMatchObject({
      error_response: { error_code: status.NOT_FOUND },
    });
  });
  interface FileDescriptor {
    readonly package: string;
    readonly messageType: { name: string; field: { typeName: string }[] }[];
  }
});

describe("listening", () => {
  it("works on a unix socket, whose file goes with the server", async () => {
    const server = await world.serve(["m"]);
    const socketPath = join(world.path, "grpc.sock");
    expect(await server.listenGrpc({ socketPath })).toEqual({ socketPath });
    const client = connect(`unix:${socketPath}`);
    expect((await client.predict(request("m"))).outputs).toMatchObject(y);
    await server.close();
    expect(existsSync(socketPath)).toBe(false);
  });

  it("answers with tensor_content on request, and enforces maxMessageBytes", async () => {
    const server = await world.serve(["m"], { serializeAsTensorContent: true });
    const options = { port: 0, host: "127.0.0.1", maxMessageBytes: 200 };
    const { port } = await server.listenGrpc(options);
    const client = connect(port as number);
    const { outputs } = await client.predict(request("m"));
    const { tensor_content, float_val } = (outputs as Record<string, Record<string, unknown>>)
      .y as { tensor_content: Buffer; float_val: number[] };
    expect([float_val, tensor_content.readFloatLE()]).toEqual([[], 2.5]);
    const large = client.predict({ ...request("m"), output_filter: ["y".repeat(300)] });
    await expect(large).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it("rejects with EADDRINUSE for a port that is taken", async () => {
    const server = await world.serve(["m"]);
    const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    const again = server.listenGrpc({ port: port as number, host: "127.0.0.1" });
    await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("reads channel arguments as TF Serving's flag has them", () => {
    expect(parseChannelArguments("grpc.max_connection_age_ms=2000, a=b=c")).toEqual({
      "grpc.max_connection_age_ms": 2000,
      a: "b=c",
    });
    expect(() => parseChannelArguments("=1")).toThrow('expected key=value; got "=1"');
    expect(() => parseChannelArguments("nothing")).toThrow('expected key=value; got "nothing"');
  });

  it("warns of channel arguments that have no effect", async () => {
    const warned: string[] = [];
    const ignore = () => {};
    const logger = {
      info: ignore,
      warn: (_: object, line: string) => warned.push(line),
      error: ignore,
    };
    const server = await world.serve([], { models: [], logger });
    const channelArguments = { "grpc.max_connection_age_ms": 2000, "grpc.so_reuseport": 0 };
    await server.listenGrpc({ port: 0, host: "127.0.0.1", channelArguments });
    expect(warned).toEqual(["the gRPC server does not support the argument grpc.so_reuseport"]);
  });

  it.each([
    ["grpc.max_concurrent_streams", "many", "an integer from 0 to 2147483647; got many"],
    ["grpc.max_concurrent_streams", -1, "an integer from 0 to 2147483647; got -1"],
    ["grpc.max_connection_age_ms", 0, "an integer from 1 to 2147483647; got 0"],
    ["grpc.max_receive_message_length", 2 ** 31, "from -1 to 2147483647; got 2147483648"],
  ])(
    "refuses a channel argument that grpc-js would fail with: %s=%s",
    async (name, value, message) => {
      const server = await world.serve(["m"]);
      const listening = server.listenGrpc({ port: 0, channelArguments: { [name]: value } });
      await expect(listening).rejects.toMatchObject({
        reason: "CONFIG_INVALID",
        message: expect.stringContaining(message),
      });
      const unlimited = { "grpc.max_receive_message_length": -1, "grpc.keepalive_timeout_ms": 0 };
      const host = "127.0.0.1";
      const { port } = await server.listenGrpc({ port: 0, host, channelArguments: unlimited });
      expect((await connect(port as number).predict(request("m"))).outputs).toMatchObject(y);
    },
  );

  it("accepts a message of 4 MiB, or the configured size, without waiting for the server", async () => {
    const server = await world.serve(["m"]);
    const socketPath = join(world.path, "s");
    const { port = 0 } = await server.listenGrpc({ port: 0, host: "127.0.0.1", socketPath });
    expect(await windowsOf(createConnection(port, "127.0.0.1"))).toEqual([4_194_304, 4_194_304]);
    expect(await windowsOf(createConnection(socketPath))).toEqual([4_194_304, 4_194_304]);
    const channelArguments = parseChannelArguments("grpc-node.flow_control_window=100000");
    const narrow = await server.listenGrpc({ port: 0, host: "127.0.0.1", channelArguments });
    expect(await windowsOf(createConnection(narrow.port ?? 0, "127.0.0.1"))).toEqual([1e5, 1e5]);
    const small = await server.listenGrpc({ port: 0, host: "127.0.0.1", maxMessageBytes: 2e5 });
    expect(await windowsOf(createConnection(small.port ?? 0, "127.0.0.1"))).toEqual([2e5, 2e5]);
    const wrong = server.listenGrpc({
      port: 0,
      channelArguments: { "grpc-node.flow_control_window": "wide" },
    });
    await expect(wrong).rejects.toMatchObject({
      reason: "CONFIG_INVALID",
      message: expect.stringContaining("from 65535 to 2147483647; got wide"),
    });
  });

  it("rejects invalid TLS texts, without showing them", async () => {
    const server = await world.serve(["m"]);
    const ssl = { serverKey: "secret", serverCert: "secret" };
    const refused = await server.listenGrpc({ port: 0, ssl }).catch((error) => error);
    expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", reason: "CONFIG_INVALID" });
    expect(refused.message).not.toContain("secret");
  });
});

describe("closing", () => {
  it("answers requests in flight, and aborts them at the deadline", async () => {
    await world.publish("slow", 1, { hangs: true });
    const server = await world.serve(["m", "slow"]);
    // An argument with which grpc-js would not cut anything off.
    const channelArguments = { "grpc.enable_channelz": 0 };
    const options = { port: 0, host: "127.0.0.1", channelArguments };
    const client = connect((await server.listenGrpc(options)).port as number);
    const { begun } = hanging;
    const call = client.predict(request("slow"));
    call.catch(() => {});
    await expect.poll(() => hanging.begun).toBe(begun + 1);
    const closed = server.close({ deadlineMs: 50 });
    await expect(call).rejects.toMatchObject({ message: expect.any(String) });
    await closed;
    await expect(client.predict(request("m"))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});
