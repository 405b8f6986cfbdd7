import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type RemotePath, silentLogger, systemClock } from "@serving-kit/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3 } from "../../src/s3/index.js";
import { temporaryDirectory } from "../temporary-directory.js";
import { moto as program, startMoto, unlessMoto } from "./moto.js";
import type { StoreProcess } from "./store-process.js";

interface Policy {
  readonly Version: string;
  readonly Statement: readonly { readonly Action: string }[];
}

/** The policy of the guide. */
async function guidesPolicy(): Promise<Policy> {
  const guide = join(import.meta.dirname, "../../../../docs/object-store.md");
  const [, json = ""] =
    /```json\n(\{\n {2}"Version".*?)```/s.exec(await readFile(guide, "utf8")) ?? [];
  return JSON.parse(json);
}

describe.skipIf(program === undefined)(`the policy of the guide, in moto${unlessMoto}`, () => {
  let moto: StoreProcess;
  let folder: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    moto = await startMoto();
    const accessKeyId = "any";
    const admin = clientOf(accessKeyId, accessKeyId);
    for (const Bucket of ["bucket", "other"]) {
      await admin.send(new CreateBucketCommand({ Bucket }));
      for (const version of ["models/digits/1", "secrets/1"]) {
        for (const Key of [`${version}/model.bin`, `${version}/_READY`]) {
          await admin.send(new PutObjectCommand({ Bucket, Key, Body: "bytes" }));
        }
      }
    }
  }, 60_000);
  afterAll(async () => {
    await moto?.kill();
    await folder?.[Symbol.asyncDispose]();
  });

  const clientOf = (accessKeyId: string, secretAccessKey: string) =>
    new S3Client({
      ...{ endpoint: moto.endpoint, region: "us-east-1", forcePathStyle: true },
      credentials: { accessKeyId, secretAccessKey },
    });

  /** Calls IAM, whose client is not among the packages of the tests. */
  const iam = async (parameters: Record<string, string>) => {
    const scope = "Credential=any/20200101/us-east-1/iam/aws4_request";
    const headers = { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` };
    const body = new URLSearchParams({ Version: "2010-05-08", ...parameters });
    const answer = await fetch(moto.endpoint, { method: "POST", headers, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(text)?.[1] ?? "";
  };

  /** Returns whether policies are enforced from the next request on. */
  const enforce = (isOn: boolean) =>
    fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: "POST", body: isOn ? "0" : "inf" });

  /** Does something with the credentials of a new user who has a policy and no other right. */
  const asUserOf = async <T>(policy: Policy, act: (client: S3Client) => Promise<T>): Promise<T> => {
    const UserName = `user-${Math.random()}`;
    await iam({ Action: "CreateUser", UserName });
    const PolicyDocument = JSON.stringify(policy);
    await iam({ Action: "PutUserPolicy", UserName, PolicyName: "models", PolicyDocument });
    const key = await iam({ Action: "CreateAccessKey", UserName });
    const [id, secret] = [key("AccessKeyId"), key("SecretAccessKey")];
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret });
    await enforce(true);
    try {
      return await act(clientOf(id, secret));
    } finally {
      await enforce(false);
    }
  };

  /** The text of a model's file, or the reason why it is not served. */
  const served = async (path: string): Promise<string> => {
    const servables = [{ name: "m", basePath: `s3://${path}?endpoint=${moto.endpoint}` }];
    const provider = s3({ cache: { dir: join(folder.path, `cache-${Math.random()}`) } });
    const source = provider.create({ servables, clock: systemClock, logger: silentLogger });
    let remote: RemotePath | undefined;
    const subscription = source.subscribe(({ versions: [version] }) => {
      if (version && "data" in version) remote = version.data as RemotePath;
    });
    try {
      await source.poll();
      const [problem] = source.problems();
      if (remote === undefined) return (problem?.error.cause as { reason?: string })?.reason ?? "";
      await using lease = await remote.fetch(new AbortController().signal);
      return await readFile(join(lease.path, "model.bin"), "utf8");
    } catch (error) {
      return (error as { reason: string }).reason;
    } finally {
      subscription.unsubscribe();
    }
  };

  it("is enough to serve the models below its prefix, and for nothing else", async () => {
    await asUserOf(await guidesPolicy(), async (client) => {
      expect(await served("bucket/models/digits")).toBe("bytes");
      expect(await served("other/models/digits")).toBe("STORE_ACCESS_DENIED");
      expect(await served("bucket/secrets")).toBe("STORE_ACCESS_DENIED");
      const Key = "models/digits/2/model.bin";
      const put = client.send(new PutObjectCommand({ Bucket: "bucket", Key, Body: "mine" }));
      await expect(put).rejects.toMatchObject({ name: "AccessDenied" });
    });
  }, 60_000);

  it.each(["s3:ListBucket", "s3:GetObject"])(
    "is not enough without %s",
    async (action) => {
      const policy = await guidesPolicy();
      const Statement = policy.Statement.filter(({ Action }) => Action !== action);
      expect(Statement).toHaveLength(1);
      await asUserOf({ ...policy, Statement }, async () => {
        expect(await served("bucket/models/digits")).toBe("STORE_ACCESS_DENIED");
      });
    },
    60_000,
  );
});
