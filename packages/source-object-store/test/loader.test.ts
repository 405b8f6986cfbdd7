import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  fetchedLoader,
  type Loader,
  RAM_BYTES,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import { loaderConformance } from "@serving-kit/testing";
import { MemoryObjectStore } from "@serving-kit/testing/object-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelCache } from "../src/cache/model-cache.js";
import { RemoteVersion } from "../src/remote-version.js";
import { VersionSight } from "../src/version-sight.js";
import { temporaryDirectory } from "./temporary-directory.js";

/** The text of a model, while it is loaded. */
class Text implements AsyncDisposable {
  static loaded = 0;
  readonly text: string;
  constructor(text: string) {
    this.text = text;
    Text.loaded++;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    Text.loaded--;
  }
}

const store = new MemoryObjectStore();
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let cache: ModelCache;
beforeAll(async () => {
  directory = await temporaryDirectory();
  cache = new ModelCache({ dir: directory.path }, systemClock, silentLogger);
  store.put("m/1/model", "first");
});
afterAll(() => directory[Symbol.asyncDispose]());

function loaderOf(version: number): Loader<Text> {
  const place = {
    prefix: `m/${version}/`,
    uri: `memory://bucket/m/${version}`,
    open: async () => store,
  };
  const sight = new VersionSight(place, { settleMs: 0 }, systemClock, true);
  const remote = new RemoteVersion(sight, {
    ...{ cache, logger: silentLogger, concurrency: 4, stallMs: 60_000, onFetched: () => {} },
  });
  const make = ({ path }: { readonly path: string }): Loader<Text> => ({
    load: async () => new Text(await readFile(join(path, "model"), "utf8")),
  });
  return fetchedLoader(remote, make, {
    estimate: async (sizeBytes = 0) => ({ [RAM_BYTES]: sizeBytes }),
  });
}

loaderConformance(
  { describe, it },
  {
    name: "a version in an object store",
    create: () => loaderOf(1),
    use: ({ text }: Text) => expect(text).toBe("first"),
    allocated: () => Text.loaded,
    broken: [
      {
        create: () => {
          store.remove("m/7/");
          return loaderOf(7);
        },
        path: "memory://bucket/m/7",
        repair: () => store.put("m/7/model", "first"),
      },
    ],
  },
);
