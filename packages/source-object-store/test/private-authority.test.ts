import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasOpenssl, selfSigned } from "../../server/test/tls-world.js";
import { ConnectProxy } from "./connect-proxy.js";
import { S3_CREDENTIALS, S3Server } from "./s3-server.js";
import { temporaryDirectory } from "./temporary-directory.js";

const run = promisify(execFile);

describe.skipIf(!hasOpenssl())(
  "a store with a certificate of a private authority (skipped: needs openssl)",
  () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let server: S3Server;
    let proxy: ConnectProxy;
    let bundle: string;

    beforeAll(async () => {
      directory = await temporaryDirectory();
      const pair = selfSigned(directory.path, "store");
      bundle = join(directory.path, "authorities.pem");
      await writeFile(bundle, pair.cert);
      server = await S3Server.start(pair);
      server.put("m/1/model", "bytes");
      proxy = await ConnectProxy.start();
    });
    afterAll(async () => {
      await proxy?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
      await directory?.[Symbol.asyncDispose]();
    });

    /** Lists the bucket in a process with some more variables. */
    const listWith = async (variables: Record<string, string>) => {
      const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
      const args = [...flags, join(import.meta.dirname, "list-process.ts"), "s3://bucket"];
      const endpoint = { AWS_ENDPOINT_URL: server.endpoint };
      const own = Object.entries(process.env).filter(
        ([name]) => !/_PROXY$|^NODE_EXTRA_CA_CERTS$|^AWS_/i.test(name),
      );
      const env = { ...Object.fromEntries(own), ...S3_CREDENTIALS, ...endpoint, ...variables };
      return (await run(process.execPath, args, { env })).stdout.trim();
    };

    it("is rejected without it", async () => {
      expect(await listWith({})).toMatch(/cannot be read: .*self-signed certificate/);
    });

    it.each(["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"])("is read with %s", async (name) => {
      expect(await listWith({ [name]: bundle })).toBe("m/1/model");
    });

    it("is read through the proxy of HTTPS_PROXY, which sees the name of the host alone", async () => {
      const proxies = { HTTPS_PROXY: `http://user:pass@${proxy.host}`, NO_PROXY: "elsewhere" };
      expect(await listWith({ AWS_CA_BUNDLE: bundle, ...proxies })).toBe("m/1/model");
      const authorization = `Basic ${Buffer.from("user:pass").toString("base64")}`;
      expect(proxy.asked).toEqual([`localhost:${server.port} ${authorization}`]);
      const exempt = { ...proxies, NO_PROXY: "localhost" };
      expect(await listWith({ AWS_CA_BUNDLE: bundle, ...exempt })).toBe("m/1/model");
      expect(proxy.asked).toHaveLength(1);
    });
  },
  60_000,
);
