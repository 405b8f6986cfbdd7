import { allVersions, silentLogger } from "@serving-kit/core";
import {
  FakeClock,
  remotePathConformance,
  sourceConformance,
  sourceProviderConformance,
} from "@serving-kit/testing";
import { MemoryObjectStore, objectStoreConformance } from "@serving-kit/testing/object-store";
import { describe, it } from "vitest";
import { objectStore } from "../src/index.js";
import { fetchWorld } from "./fetch-world.js";
import { temporaryDirectory } from "./temporary-directory.js";

const runner = { describe, it };

for (const pageSize of [1_000, 2]) {
  objectStoreConformance(runner, {
    name: `MemoryObjectStore with pages of ${pageSize}`,
    create: () => {
      const store = new MemoryObjectStore({ pageSize });
      return {
        store,
        put: (key, bytes) => store.put(key, bytes),
        remove: (key) => store.remove(key),
        cutNext() {
          store.body = async function* (_, bytes) {
            store.body = undefined;
            yield bytes.subarray(0, 100);
            const { ServingError } = await import("@serving-kit/core");
            throw new ServingError("UNAVAILABLE", "STORE_UNAVAILABLE", "the connection was closed");
          };
        },
        deny: () => store.set("", "denies"),
        fail: () => store.set("", "fails"),
        held: () => store.open,
      };
    },
  });
}

remotePathConformance(runner, {
  name: "a version in an object store",
  create: async () => {
    const world = await fetchWorld();
    let count = 0;
    const publish = () => {
      count++;
      world.store.put("digits/1/model.tflite", `model ${count}`);
      world.store.put("digits/1/assets/words", `words ${count}`);
    };
    publish();
    const remote = world.remote();
    world.store.lists = 0;
    world.store.reads = 0;
    return {
      remote,
      files: () => world.store.texts("digits/1/"),
      replace: publish,
      remove: () => world.store.remove("digits/1/"),
      pass: () => world.clock.advance(100),
      touched: () => world.store.lists + world.store.reads,
      held: () => world.held() + world.store.open + world.clock.pending,
      [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    };
  },
});

const options = (store: MemoryObjectStore, dir: string) => ({
  ...{ schemes: ["memory"], open: () => store, cache: { dir }, settleMs: 0 },
});

sourceProviderConformance(runner, {
  name: "objectStore",
  create: async () => {
    const clock = new FakeClock(1_000_000);
    const store = new MemoryObjectStore({ clock });
    const directory = await temporaryDirectory();
    const keyOf = (basePath: string) => basePath.replace("memory://bucket/", "").replace(/\/$/, "");
    return {
      provider: objectStore(options(store, directory.path)),
      basePaths: ["memory://bucket/models/digits/", "memory://bucket/faces"],
      context: { clock },
      publish: (basePath, version) => store.put(`${keyOf(basePath)}/${version}/model`, "model"),
      fail: (basePath) => store.set(`${keyOf(basePath)}/`, "hangs"),
      recover: (basePath) => store.set(`${keyOf(basePath)}/`, "answers"),
      refused: [
        ...["memory://", "memory://key:secret@bucket/digits", "memory://bucket/../etc"],
        ...["memory://bucket/digits?secret=1", "memory://bucket/digits#1"],
      ],
      pass: () => clock.advance(20_000),
      touched: () => store.lists + store.reads,
      listed: () => store.lists,
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  },
});

sourceConformance(runner, {
  name: "objectStore",
  create: async () => {
    const clock = new FakeClock(1_000_000);
    const store = new MemoryObjectStore({ clock });
    const directory = await temporaryDirectory();
    const names = ["digits", "faces"];
    const servables = names.map((name) => ({
      ...{ name, basePath: `memory://bucket/${name}`, versionPolicy: allVersions() },
    }));
    return {
      source: objectStore(options(store, directory.path)).create({
        ...{ servables, clock, logger: silentLogger },
      }),
      names,
      aspire(name, versions) {
        store.remove(`${name}/`);
        store.put(`${name}/readme`, "its versions are below");
        for (const version of versions) store.put(`${name}/${version}/model`, "model");
      },
      breakVersion({ name, version }) {
        store.remove(`${name}/${version}/`);
        // Another name of it, since a version that is aspired stays so while it is there.
        store.put(`${name}/0${version}/../model`, "model");
      },
      lose: (name) => store.remove(`${name}/`),
      pass: () => clock.advance(66_001),
      looked: () => store.lists + store.reads,
      held: () => clock.pending + store.open,
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  },
});
