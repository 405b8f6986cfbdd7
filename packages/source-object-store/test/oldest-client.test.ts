import { expect, it, vi } from "vitest";
import { openS3 } from "../src/s3/index.js";
import { FaultProxy } from "./fault-proxy.js";
import { S3_CREDENTIALS, S3Server } from "./s3-server.js";

vi.mock("@aws-sdk/client-s3", () => import("client-s3-oldest"));

const signal = new AbortController().signal;

it("the oldest client of the peer range lists, reads, resumes and returns checksums", async () => {
  Object.assign(process.env, S3_CREDENTIALS);
  await using server = await S3Server.start();
  await using proxy = await FaultProxy.start(server.endpoint);
  server.pageSize = 2;
  for (const name of ["a", "b", "c"]) server.put(`m/1/${name}`, `the bytes of ${name}`);
  const store = await openS3("s3://bucket", { AWS_ENDPOINT_URL: proxy.endpoint });
  const found = [];
  for await (const page of store.list({ prefix: "m/", signal })) {
    expect(page.serverTimeMs).toBeGreaterThan(0);
    found.push(...page.objects);
  }
  expect(found.map(({ key }) => key)).toEqual(["m/1/a", "m/1/b", "m/1/c"]);
  const { key = "", tag: ifMatch = "" } = found[1] ?? {};
  const read = async (offset: number) => {
    const chunks: Uint8Array[] = [];
    const body = await store.read(key, { ifMatch, offset, length: 5, signal });
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  expect([await read(0), await read(4)]).toEqual(["the b", "bytes"]);
  proxy.faults.push("cut");
  await expect(read(0)).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE" });
  expect(await store.checksum?.(key, { ifMatch, signal })).toMatchObject({ algorithm: "crc32" });
  server.put(key, "other bytes");
  await expect(read(0)).rejects.toMatchObject({ reason: "OBJECT_CHANGED" });
  server.accessKey = "AKIAANOTHER";
  await expect(read(0)).rejects.toMatchObject({ reason: "STORE_ACCESS_DENIED" });
});
