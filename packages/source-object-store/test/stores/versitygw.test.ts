import { join } from "node:path";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { silentLogger, systemClock } from "@serving-kit/core";
import { objectStoreConformance } from "@serving-kit/testing/object-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openS3, s3 } from "../../src/s3/index.js";
import { startVersitygw, unlessVersitygw, VERSITYGW_CREDENTIALS, versitygw } from "./versitygw.js";

describe.skipIf(versitygw === undefined)(`versitygw${unlessVersitygw}`, () => {
  let world: Awaited<ReturnType<typeof startVersitygw>>;

  beforeAll(async () => {
    Object.assign(process.env, VERSITYGW_CREDENTIALS);
    world = await startVersitygw();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  objectStoreConformance(
    { describe, it },
    {
      name: "S3 of versitygw",
      timeoutMs: 20_000,
      create: async () => {
        const { Bucket, put, uri } = await world.newBucket();
        return {
          store: await openS3(uri()),
          put,
          remove: async (Key) => {
            await world.client.send(new DeleteObjectCommand({ Bucket, Key }));
          },
        };
      },
    },
  );

  it("rejects a wrong secret", async () => {
    const { uri } = await world.newBucket();
    process.env.AWS_SECRET_ACCESS_KEY = "wrong";
    const store = await openS3(uri());
    const listing = async () => {
      for await (const _ of store.list({ prefix: "", signal: new AbortController().signal })) break;
    };
    await expect(listing()).rejects.toMatchObject({ reason: "STORE_ACCESS_DENIED" });
    Object.assign(process.env, VERSITYGW_CREDENTIALS);
  });

  it("may be killed and started again: what was found stays, and is found again", async () => {
    const { put, uri } = await world.newBucket();
    await put("m/1/model.bin", "one");
    await put("m/1/_READY", "");
    const provider = s3({ cache: { dir: join(world.path, "cache") } });
    const servables = [{ name: "m", basePath: uri("m") }];
    const source = provider.create({ servables, clock: systemClock, logger: silentLogger });
    const lists: string[] = [];
    const subscription = source.subscribe(({ versions }) => {
      lists.push(versions.map(({ id }) => id.version).join());
    });
    await source.poll();
    expect(lists).toEqual(["1"]);
    await world.gateway.kill();
    await source.poll();
    expect(source.problems().map(({ error }) => error.reason)).toEqual(["BASE_PATH_UNREACHABLE"]);
    await world.gateway.start();
    await put("m/2/model.bin", "two");
    await put("m/2/_READY", "");
    await source.poll();
    expect(source.problems()).toEqual([]);
    expect(lists).toEqual(["1", "2"]);
    subscription.unsubscribe();
  }, 60_000);
});
