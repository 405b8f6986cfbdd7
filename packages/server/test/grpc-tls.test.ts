import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { GrpcClient } from "./grpc-client.js";
import { World } from "./world.js";

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A key and a certificate for localhost that it has signed itself, as PEM texts. */
function selfSigned(folder: string, name: string) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const args = ["req", "-x509", ...curve, "-keyout", key, "-out", cert, ...subject];
  execFileSync("openssl", args, { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

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
