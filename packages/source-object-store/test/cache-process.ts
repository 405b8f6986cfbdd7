import { silentLogger, systemClock } from "@serving-kit/core";
import { ModelCache } from "../src/cache/model-cache.js";
import { RemoteVersion } from "../src/remote-version.js";
import { openS3 } from "../src/s3/index.js";
import { VersionSight } from "../src/version-sight.js";

// A process that fetches a version into a cache, says whether it was there, and holds it until its input ends.
const [dir = "", uri = ""] = process.argv.slice(2);
const store = await openS3("s3://bucket");
const place = { prefix: `${uri.replace("s3://bucket/", "")}/`, uri, open: async () => store };
const sight = new VersionSight(place, { settleMs: 0 }, systemClock, true);
const remote = new RemoteVersion(sight, {
  cache: new ModelCache({ dir }, systemClock, silentLogger),
  ...{ logger: silentLogger, concurrency: 2, stallMs: 60_000 },
  ...{ onFetched: () => {} },
});
await using lease = await remote.fetch(new AbortController().signal);
process.stdout.write(`${JSON.stringify({ isHit: lease.isHit, path: lease.path })}\n`);
for await (const _ of process.stdin);
