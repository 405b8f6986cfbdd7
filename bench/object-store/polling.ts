import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@serving-kit/core";
import { objectStore } from "@serving-kit/source-object-store";
import { openS3 } from "@serving-kit/source-object-store/s3";
import { FakeClock } from "@serving-kit/testing";
import { MemoryObjectStore } from "@serving-kit/testing/object-store";
import { S3_CREDENTIALS, S3Server } from "../../packages/source-object-store/test/s3-server.js";
import type { Benchmark } from "../figure.js";

const MODELS = 1_000;
const MINUTES = 10;
/** S3's price of a listing, in dollars. */
const PRICE = 0.005 / 1_000;
const SECONDS_A_DAY = 86_400;

/** The listings of ten minutes on a FakeClock, the start included: on average, and in the busiest second. */
async function countListings(dir: string): Promise<{ average: number; busiest: number }> {
  const clock = new FakeClock(1_000_000);
  const store = new MemoryObjectStore({ clock });
  const servables = Array.from({ length: MODELS }, (_, i) => {
    store.put(`models/m${i}/1/model.tflite`, "model", 0);
    return { name: `m${i}`, basePath: `memory://bucket/models/m${i}` };
  });
  const options = { schemes: ["memory"], open: () => store, cache: { dir } };
  const source = objectStore(options).create({ servables, clock, logger: silentLogger });
  let found = 0;
  const subscription = source.subscribe(() => found++);
  const counts: number[] = [];
  // Time moves in steps of 100 ms, and each second is any ten of them.
  for (let step = 0; step < MINUTES * 600; step++) {
    const before = store.lists;
    await clock.advance(100);
    counts.push(store.lists - before);
  }
  subscription.unsubscribe();
  if (found !== MODELS) throw new Error(`${found} of ${MODELS} models were found`);
  const sum = (some: readonly number[]) => some.reduce((total, n) => total + n, 0);
  const seconds = counts.map((_, i) => sum(counts.slice(i, i + 10)));
  return { average: sum(counts) / (60 * MINUTES), busiest: Math.max(...seconds) };
}

/** The CPU time of a listing by the client of S3, in ms. */
async function cpuOfListing(): Promise<number> {
  Object.assign(process.env, S3_CREDENTIALS);
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  await using server = await S3Server.start();
  for (let version = 1; version <= 3; version++) server.put(`m/${version}/model.tflite`, "model");
  const store = await openS3(`s3://bucket?endpoint=${server.endpoint}`);
  const { signal } = new AbortController();
  const list = async (count: number) => {
    for (let i = 0; i < count; i++) {
      for await (const _ of store.list({ prefix: "m/", delimiter: "/", signal }));
    }
  };
  await list(200);
  const before = process.cpuUsage();
  await list(500);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / 500;
}

const benchmark: Benchmark = {
  name: `${MODELS} models polled every minute for ${MINUTES} minutes`,
  async run() {
    const dir = await mkdtemp(join(tmpdir(), "bench-polling-"));
    const { average, busiest } = await countListings(join(dir, "cache"));
    await rm(dir, { recursive: true, force: true });
    const cpuMs = await cpuOfListing();
    const aDay = average * SECONDS_A_DAY;
    return [
      {
        ...{ name: "listings a second, on average, the start included", unit: "1/s" },
        ...{ value: average, goal: { atMost: 18 } },
      },
      {
        ...{ name: "listings in the busiest second", unit: "1/s" },
        ...{ value: busiest, goal: { atMost: 50 } },
      },
      { name: "CPU of the listings, server's included", unit: "%", value: (average * cpuMs) / 10 },
      { name: "listings a day", unit: "requests", value: aDay },
      { name: "their price", unit: "$ a day", value: aDay * PRICE },
    ];
  },
};
export default benchmark;
