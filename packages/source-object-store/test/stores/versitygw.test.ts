import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { silentLogger, systemClock } from "@serving-kit/core";
import { objectStoreConformance } from "@serving-kit/testing/object-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openS3, s3 } from "../../src/s3/index.js";
import { temporaryDirectory } from "../temporary-directory.js";
import { StoreProcess } from "./store-process.js";

// `npm run test:stores` builds it.
const program = process.env.SERVING_KIT_VERSITYGW;
const credentials = { accessKeyId: "testaccess", secretAccessKey: "testsecret123" };
const names = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
};

describe.skipIf(program === undefined)("versitygw (SERVING_KIT_VERSITYGW names it)", () => {
  let gateway: StoreProcess;
  let client: S3Client;
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  let buckets = 0;

  beforeAll(async () => {
    Object.assign(process.env, names);
    folder = await temporaryDirectory();
    const root = join(folder.path, "data");
    await mkdir(root);
    const keys = { ROOT_ACCESS_KEY: "testaccess", ROOT_SECRET_KEY: "testsecret123" };
    gateway = await StoreProcess.start(
      (port) => [program as string, "--port", `127.0.0.1:${port}`, "posix", root],
      keys,
    );
    const { endpoint } = gateway;
    client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  });
  afterAll(async () => {
    await gateway?.kill();
    await folder?.[Symbol.asyncDispose]();
  });

  const newBucket = async () => {
    const Bucket = `bucket-${++buckets}`;
    await client.send(new CreateBucketCommand({ Bucket }));
    const put = async (Key: string, Body: string | Uint8Array) => {
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    };
    return { Bucket, put, uri: `s3://${Bucket}?endpoint=${gateway.endpoint}` };
  };

  objectStoreConformance(
    { describe, it },
    {
      name: "S3 of versitygw",
      timeoutMs: 20_000,
      create: async () => {
        const { Bucket, put, uri } = await newBucket();
        return {
          store: await openS3(uri),
          put,
          remove: async (Key) => {
            await client.send(new DeleteObjectCommand({ Bucket, Key }));
          },
        };
      },
    },
  );

  it("refuses a wrong secret", async () => {
    const { uri } = await newBucket();
    process.env.AWS_SECRET_ACCESS_KEY = "wrong";
    const store = await openS3(uri);
    const listing = async () => {
      for await (const _ of store.list({ prefix: "", signal: new AbortController().signal })) break;
    };
    await expect(listing()).rejects.toMatchObject({ reason: "STORE_ACCESS_DENIED" });
    Object.assign(process.env, names);
  });

  it("may be killed and started again: what was found stays, and is found anew", async () => {
    const { Bucket, put } = await newBucket();
    await put("m/1/model.bin", "one");
    await put("m/1/_READY", "");
    const servables = [{ name: "m", basePath: `s3://${Bucket}/m?endpoint=${gateway.endpoint}` }];
    const provider = s3({ cache: { dir: join(folder.path, "cache") } });
    const source = provider.create({ servables, clock: systemClock, logger: silentLogger });
    const lists: string[] = [];
    const subscription = source.subscribe(({ versions }) => {
      lists.push(versions.map(({ id }) => id.version).join());
    });
    await source.poll();
    expect(lists).toEqual(["1"]);
    await gateway.kill();
    await source.poll();
    expect(source.problems().map(({ error }) => error.reason)).toEqual(["BASE_PATH_UNREACHABLE"]);
    await gateway.start();
    await put("m/2/model.bin", "two");
    await put("m/2/_READY", "");
    await source.poll();
    expect(source.problems()).toEqual([]);
    expect(lists).toEqual(["1", "2"]);
    subscription.unsubscribe();
  }, 60_000);
});
