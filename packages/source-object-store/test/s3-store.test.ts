import { objectStoreConformance } from "@serving-kit/testing/object-store";
import { describe, expect, it } from "vitest";
import { openS3 } from "../src/s3/index.js";
import { FaultProxy } from "./fault-proxy.js";
import { S3_CREDENTIALS, S3Server } from "./s3-server.js";

const runner = { describe, it };

for (const pageSize of [1_000, 2]) {
  objectStoreConformance(runner, {
    name: `S3 by the vendor's client, pages of ${pageSize}`,
    create: async () => {
      const server = await S3Server.start();
      server.pageSize = pageSize;
      const proxy = await FaultProxy.start(server.endpoint);
      const environment = { ...S3_CREDENTIALS, AWS_ENDPOINT_URL: proxy.endpoint };
      Object.assign(process.env, S3_CREDENTIALS);
      return {
        store: await openS3("s3://bucket/models", environment),
        put: (key, bytes) => server.put(key, bytes),
        remove: (key) => server.remove(key),
        cutNext: () => void proxy.faults.push("cut"),
        fail: () => {
          proxy.isDown = true;
        },
        deny: () => {
          proxy.isDown = false;
          server.accessKey = "AKIAANOTHER";
        },
        held: () => proxy.open,
        async [Symbol.asyncDispose]() {
          await proxy[Symbol.asyncDispose]();
          await server[Symbol.asyncDispose]();
        },
      };
    },
  });
}

describe("openS3", () => {
  it("reports a missing bucket, without showing credentials", async () => {
    await using server = await S3Server.start();
    const store = await openS3(`s3://missing?endpoint=${server.endpoint}`, {});
    const listing = async () => {
      for await (const _ of store.list({ prefix: "", signal: new AbortController().signal })) break;
    };
    const error = await listing().catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "NOT_FOUND", reason: "BUCKET_NOT_FOUND" });
    const { inspect } = await import("node:util");
    const text = inspect(error, { depth: 10, showHidden: true });
    expect(text).not.toMatch(/Signature=|AKIATEST|a-secret/);
  });

  it.each([
    ["s3://bucket?endpoint=http://key:secret@host", /one with credentials/],
    ["s3://bucket?endpoint=minio:9000", /such as https:/],
    ["s3://bucket?secret=1", /endpoint, region, path_style/],
  ])("refuses %s", async (uri, text) => {
    await expect(openS3(uri, {})).rejects.toThrow(text);
  });
});
