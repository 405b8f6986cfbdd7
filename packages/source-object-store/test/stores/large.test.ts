import { open, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { type RemotePath, silentLogger, systemClock } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { s3 } from "../../src/s3/index.js";
import { startVersitygw, VERSITYGW_CREDENTIALS, versitygw } from "./versitygw.js";

const PART_BYTES = 64 * 2 ** 20;
/** More than 32 bits count, and a last part that is smaller. */
const BYTES = 2 ** 32 + 1_000_003;
const PARTS = Math.ceil(BYTES / PART_BYTES);

/** Why it is skipped; undefined if there is a gateway, its script has asked for it, and the disk has room. */
async function problem(): Promise<string | undefined> {
  if (versitygw === undefined || process.env.SERVING_KIT_LARGE === undefined)
    return "npm run test:stores runs it";
  const { bavail, bsize } = await statfs(tmpdir());
  return bavail * bsize < 5 * BYTES ? "the disk has less than 20 GiB free" : undefined;
}
const reason = await problem();

/** A part of the object: no two are the same. */
function partOf(i: number): Buffer {
  const part = Buffer.alloc(Math.min(PART_BYTES, BYTES - i * PART_BYTES), i + 1);
  part.writeUInt32BE(i, 0);
  return part;
}

async function upload(client: S3Client, Bucket: string, Key: string): Promise<void> {
  const object = { Bucket, Key };
  const created = await client.send(
    new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: "CRC32C" }),
  );
  const upload = { ...object, UploadId: created.UploadId };
  const Parts = [];
  for (let i = 0; i < PARTS; i++) {
    const part = { PartNumber: i + 1, Body: partOf(i), ChecksumAlgorithm: "CRC32C" } as const;
    const { ETag, ChecksumCRC32C } = await client.send(
      new UploadPartCommand({ ...upload, ...part }),
    );
    Parts.push({ PartNumber: i + 1, ETag, ChecksumCRC32C });
  }
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
}

describe.skipIf(reason)(`a file of more than 4 GiB${reason ? ` (skipped: ${reason})` : ""}`, () => {
  it("is fetched in parts, compared with the checksum of its upload in parts, and not held in memory", async () => {
    Object.assign(process.env, VERSITYGW_CREDENTIALS);
    await using world = await startVersitygw();
    const { Bucket, put, uri } = await world.newBucket();
    await upload(world.client, Bucket, "m/1/model.bin");
    await put("m/1/_READY", "");
    const lines: string[] = [];
    const source = s3({ cache: { dir: join(world.path, "cache") } }).create({
      ...{ servables: [{ name: "m", basePath: uri("m") }], clock: systemClock },
      logger: { ...silentLogger, warn: (_, line) => lines.push(line) },
    });
    const remote = await new Promise<RemotePath>((resolve) => {
      source.subscribe(({ versions: [version] }) => {
        if (version && "data" in version) resolve(version.data as RemotePath);
      });
    });
    const { rss } = process.memoryUsage();
    await using lease = await remote.fetch(new AbortController().signal);
    expect(process.memoryUsage().rss - rss).toBeLessThan(2 ** 29);
    const path = join(lease.path, "model.bin");
    expect((await stat(path)).size).toBe(BYTES);
    await using file = await open(path);
    for (let i = 0; i < PARTS; i++) {
      const expected = partOf(i);
      const { buffer } = await file.read({
        ...{ buffer: Buffer.alloc(expected.length), position: i * PART_BYTES },
      });
      expect(buffer.equals(expected), `part ${i + 1}`).toBe(true);
    }
    // It was compared with a checksum, and not by its length alone.
    expect(lines).toEqual([]);
  }, 900_000);
});
