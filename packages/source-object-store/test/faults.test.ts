import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger, systemClock } from "@serving-kit/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelCache } from "../src/cache/model-cache.js";
import { RemoteVersion } from "../src/remote-version.js";
import { openS3 } from "../src/s3/index.js";
import { VersionSight } from "../src/version-sight.js";
import { type Fault, FaultProxy } from "./fault-proxy.js";
import { temporaries } from "./fetch-world.js";
import { S3_CREDENTIALS, S3Server } from "./s3-server.js";
import { temporaryDirectory } from "./temporary-directory.js";

const bytes = Buffer.from(
  Uint8Array.from({ length: 400_000 }, (_, i) => (i * 31 + (i >> 9)) % 256),
);

let server: S3Server;
let proxy: FaultProxy;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  Object.assign(process.env, S3_CREDENTIALS);
  server = await S3Server.start();
  proxy = await FaultProxy.start(server.endpoint);
  directory = await temporaryDirectory();
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

/** Fetches a version whose reads have faults, with a time without a byte of `stallMs`. */
async function fetchWith(faults: readonly Fault[], content = bytes, stallMs = 60_000) {
  server.remove("m/");
  server.put("m/1/model.bin", content);
  const store = await openS3("s3://bucket", { AWS_ENDPOINT_URL: proxy.endpoint });
  const place = { prefix: "m/1/", uri: "s3://bucket/m/1", open: async () => store };
  const dir = join(directory.path, `cache-${faults.join("-")}-${content.length}-${stallMs}`);
  const sight = new VersionSight(place, { settleMs: 0 }, systemClock, true);
  const remote = new RemoteVersion(sight, {
    cache: new ModelCache({ dir }, systemClock, silentLogger),
    ...{ logger: silentLogger, concurrency: 2, stallMs, onFetched: () => {} },
  });
  proxy.faults.push(...faults);
  try {
    await using lease = await remote.fetch(new AbortController().signal);
    return (await readFile(join(lease.path, "model.bin"))).equals(content) ? "whole" : "damaged";
  } catch (error) {
    return (error as { reason?: string }).reason;
  } finally {
    proxy.faults.length = 0;
    expect(temporaries(dir)).toEqual([]);
  }
}

describe("each fault ends in a version or an error", () => {
  it.each<[readonly Fault[], string]>([
    [["cut", "cut", "cut"], "whole"],
    [["slow-down", "slow-down"], "whole"],
    [["flip"], "whole"],
    [["flip", "flip", "flip"], "CHECKSUM_MISMATCH"],
    [["cut", "flip"], "whole"],
  ])("%j: %s", async (faults, outcome) => {
    expect(await fetchWith(faults)).toBe(outcome);
  });

  it("OP7 a black hole: the request is made again once no byte came for the time that is allowed", async () => {
    expect(await fetchWith(["black-hole"], bytes, 50)).toBe("whole");
  });

  it("OP7 a stream of single bytes takes long, and is a version", async () => {
    expect(await fetchWith(["slow"], bytes.subarray(0, 2_000))).toBe("whole");
  });

  it("without a checksum a body that was cut resumes, and the length is checked", async () => {
    server.hasChecksums = false;
    expect(await fetchWith(["cut", "cut"])).toBe("whole");
    server.hasChecksums = true;
  });
});
