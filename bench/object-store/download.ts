import { fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { RemotePath } from "@serving-kit/core";
import { silentLogger, systemClock } from "@serving-kit/core";
import { s3 } from "@serving-kit/source-object-store/s3";
import { S3_CREDENTIALS } from "../../packages/source-object-store/test/s3-server.js";
import type { Benchmark } from "../figure.js";
import { median, spreadOf } from "../measure.js";

const BYTES = 200_000_000;
const ROUNDS = 5;

interface Round {
  readonly ms: number;
  readonly latenessMs: number;
}

/** The time of a download, and how late the event loop was meanwhile. */
async function measure(download: () => Promise<void>): Promise<Round> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  await download();
  const ms = performance.now() - startMs;
  delay.disable();
  return { ms, latenessMs: delay.percentile(99) / 1e6 };
}

/** The SDK's own download of an object into a file, with its check of the checksum, and fsync. */
async function bare(client: S3Client, path: string): Promise<void> {
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket: "bucket", Key: "m/1/model.bin" }),
  );
  await pipeline(Body as Readable, createWriteStream(path));
  const handle = await open(path, "r");
  await handle.sync();
  await handle.close();
}

/** The version that the source emits. */
function versionAt(endpoint: string, dir: string): Promise<RemotePath> {
  const servables = [{ name: "m", basePath: `s3://bucket/m?endpoint=${endpoint}` }];
  const provider = s3({ cache: { dir } });
  const source = provider.create({ servables, clock: systemClock, logger: silentLogger });
  return new Promise((resolve) => {
    const subscription = source.subscribe(({ versions: [version] }) => {
      if (version === undefined || !("data" in version)) return;
      subscription.unsubscribe();
      resolve(version.data as RemotePath);
    });
  });
}

const benchmark: Benchmark = {
  name: `${BYTES / 1e6} MB from a bucket to the disk, against the SDK's own download`,
  async run() {
    Object.assign(process.env, S3_CREDENTIALS);
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
    const file = fileURLToPath(new URL("../bucket-process.ts", import.meta.url));
    const child = fork(file, [String(BYTES)]);
    const [{ endpoint }] = (await once(child, "message")) as [{ endpoint: string }];
    const dir = await mkdtemp(join(tmpdir(), "bench-store-"));
    const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true });
    const rounds: { readonly bare: Round; readonly kit: Round }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const path = join(dir, "bare");
      const remote = await versionAt(endpoint, join(dir, `cache-${round}`));
      const one = {
        bare: await measure(() => bare(client, path)),
        kit: await measure(async () => {
          await (await remote.fetch(new AbortController().signal))[Symbol.asyncDispose]();
        }),
      };
      if (round > 0) rounds.push(one); // the first one warms up
      await rm(path);
      await rm(join(dir, `cache-${round}`), { recursive: true });
    }
    child.disconnect();
    await rm(dir, { recursive: true });
    const times = rounds.map(({ bare, kit }) => kit.ms / bare.ms);
    const lateness = rounds.map(({ bare, kit }) => kit.latenessMs / bare.latenessMs);
    return [
      {
        ...{ name: "download with fsync, checksum and rename against the SDK's", unit: "x" },
        ...{ value: median(times), goal: { atMost: 1.15 }, baseline: 1, spread: spreadOf(times) },
      },
      {
        ...{ name: "lateness of the event loop meanwhile, p99, against the SDK's", unit: "x" },
        ...{ value: median(lateness), goal: { atMost: 1.5 }, baseline: 1 },
        spread: spreadOf(lateness),
      },
      {
        ...{ name: "download", unit: "ms", value: median(rounds.map(({ kit }) => kit.ms)) },
        baseline: median(rounds.map(({ bare }) => bare.ms)),
      },
    ];
  },
};
export default benchmark;
