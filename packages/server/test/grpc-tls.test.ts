import { credentials, status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { GrpcClient } from "./grpc-client.js";
import { hasOpenssl, selfSigned } from "./tls-world.js";
import { World } from "./world.js";

it.skipIf(!hasOpenssl())(
  "gRPC is served over TLS, and with clientVerify only to clients with a certificate (needs openssl)",
  async () => {
    await using world = await World.create();
    await world.publish("m", 1);
    const server = await world.serve(["m"]);
    const own = selfSigned(world.path, "server");
    const known = selfSigned(world.path, "client");
    const pair = { serverKey: own.key.toString(), serverCert: own.cert.toString() };
    const listen = async (ssl: object) => {
      const options = { port: 0, host: "127.0.0.1", ssl: { ...pair, ...ssl } };
      return (await server.listenGrpc(options)).port as number;
    };
    const plain = await listen({});
    await expect(listen({ clientVerify: true })).rejects.toMatchObject({
      reason: "CONFIG_INVALID",
      message: expect.stringContaining("clientVerify needs customCa"),
    });
    const mutual = await listen({ customCa: known.cert.toString(), clientVerify: true });
    const health = async (port: number, channel: Parameters<typeof connect>[1]) => {
      using client = connect(port, channel);
      return await client.health("m");
    };
    const connect = (port: number, channel: ReturnType<typeof credentials.createSsl>) =>
      new GrpcClient(`localhost:${port}`, channel);
    const anonymous = credentials.createSsl(own.cert);
    expect(await health(plain, anonymous)).toBe(1);
    expect(await health(mutual, credentials.createSsl(own.cert, known.key, known.cert))).toBe(1);
    await expect(health(mutual, anonymous)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  },
);
