import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { silentLogger, specificVersions, systemClock } from "@serving-kit/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openS3, s3 } from "../../src/s3/index.js";
import { temporaryDirectory } from "../temporary-directory.js";
import { moto as program, startMoto, unlessMoto } from "./moto.js";
import type { StoreProcess } from "./store-process.js";

const credentials = { accessKeyId: "testaccess", secretAccessKey: "testsecret" };

describe.skipIf(program === undefined)(`moto${unlessMoto}`, () => {
  let moto: StoreProcess;
  let client: S3Client;
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
  const environment = { ...process.env };

  beforeAll(async () => {
    folder = await temporaryDirectory();
    moto = await startMoto();
    const { endpoint } = moto;
    client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
  }, 60_000);
  afterAll(async () => {
    await moto?.kill();
    await folder?.[Symbol.asyncDispose]();
    process.env = environment;
  });

  /** Lists the bucket with the credentials of an environment. */
  const listWith = async (variables: Record<string, string>) => {
    for (const name of Object.keys(process.env)) if (/^AWS_/.test(name)) delete process.env[name];
    Object.assign(process.env, { HOME: folder.path, ...variables });
    const store = await openS3(`s3://bucket?endpoint=${moto.endpoint}`);
    for await (const _ of store.list({ prefix: "", signal: new AbortController().signal }))
      return "listed";
  };

  it("finds more than 1,000 versions, page by page", async () => {
    const keys = Array.from({ length: 1_050 }, (_, i) => `m/${i + 1}/_READY`);
    for (let at = 0; at < keys.length; at += 50) {
      const puts = keys
        .slice(at, at + 50)
        .map((Key) => client.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: "ready" })));
      await Promise.all(puts);
    }
    await listWith({ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
    const versionPolicy = specificVersions([1, 1_050]);
    const basePath = `s3://bucket/m?endpoint=${moto.endpoint}`;
    const source = s3({ cache: { dir: join(folder.path, "cache") } }).create({
      ...{ servables: [{ name: "m", basePath, versionPolicy }], clock: systemClock },
      logger: silentLogger,
    });
    const found: string[] = [];
    const subscription = source.subscribe(({ versions }) => {
      found.push(versions.map(({ id }) => id.version).join());
    });
    await source.poll();
    subscription.unsubscribe();
    expect(found).toEqual(["1050,1"]);
  }, 120_000);

  it("uses the credentials of a web identity, as a pod has it", async () => {
    const token = join(folder.path, "token");
    await writeFile(token, "token");
    const identity = {
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/models",
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL_STS: moto.endpoint,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    expect(await listWith(identity)).toBe("listed");
  });

  it("uses the credentials of the instance", async () => {
    expect(await listWith({ AWS_EC2_METADATA_SERVICE_ENDPOINT: moto.endpoint })).toBe("listed");
  });

  it("uses those of a profile", async () => {
    const file = join(folder.path, "credentials");
    await writeFile(file, "[models]\naws_access_key_id=a\naws_secret_access_key=b\n");
    const profile = { AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: "models" };
    expect(await listWith(profile)).toBe("listed");
  });

  it("reports what to do without any", async () => {
    await expect(listWith({ AWS_EC2_METADATA_DISABLED: "true" })).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      reason: "STORE_ACCESS_DENIED",
      message: expect.stringContaining("check the credentials"),
    });
  });
});
