import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { temporaryDirectory } from "../temporary-directory.js";
import { StoreProcess } from "./store-process.js";

/** The program, which `npm run test:stores` builds; undefined if there is none. */
export const versitygw = process.env.SERVING_KIT_VERSITYGW;

/** Why its tests are skipped, to end their titles with. */
export const unlessVersitygw = versitygw
  ? ""
  : " (skipped: SERVING_KIT_VERSITYGW names no program)";

const credentials = { accessKeyId: "testaccess", secretAccessKey: "testsecret123" };

/** The environment of its clients. */
export const VERSITYGW_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
};

/** A gateway over a temporary folder. */
export async function startVersitygw() {
  const folder = await temporaryDirectory();
  const root = join(folder.path, "data");
  await mkdir(root);
  const keys = {
    ROOT_ACCESS_KEY: credentials.accessKeyId,
    ROOT_SECRET_KEY: credentials.secretAccessKey,
  };
  const gateway = await StoreProcess.start(
    (port) => [versitygw as string, "--port", `127.0.0.1:${port}`, "posix", root],
    keys,
  );
  const { endpoint } = gateway;
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  let buckets = 0;
  return {
    ...{ gateway, client, path: folder.path },
    async newBucket() {
      const Bucket = `bucket-${++buckets}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      const put = async (Key: string, Body: string | Uint8Array) => {
        await client.send(new PutObjectCommand({ Bucket, Key, Body }));
      };
      const uri = (path = "") => `s3://${Bucket}${path && `/${path}`}?endpoint=${endpoint}`;
      return { Bucket, put, uri };
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await gateway.kill();
      await folder[Symbol.asyncDispose]();
    },
  };
}
