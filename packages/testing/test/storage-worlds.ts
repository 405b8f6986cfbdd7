import {
  allVersions,
  type RemotePath,
  type SourceProvider,
  type StoragePath,
  silentLogger,
} from "@serving-kit/core";
import {
  FakeClock,
  FakeStorage,
  type RemotePathWorld,
  type SourceProviderWorld,
  type SourceWorld,
} from "../src/index.js";

/** A world of a fake storage for the suite of sources. */
export function storageWorld(): SourceWorld<StoragePath | RemotePath> {
  const clock = new FakeClock();
  const storage = new FakeStorage({ clock });
  const names = ["digits", "faces"];
  const servables = names.map((name) => ({
    name,
    basePath: `fake://${name}`,
    versionPolicy: allVersions(),
  }));
  const published = new Map<string, readonly bigint[]>();
  return {
    source: storage.provider.create({ servables, clock, logger: silentLogger }),
    names,
    aspire(name, versions) {
      const basePath = `fake://${name}`;
      for (const version of published.get(name) ?? []) storage.remove(basePath, version);
      for (const version of versions) storage.publish(basePath, version);
      published.set(name, versions);
    },
    lose: (name) => storage.set(`fake://${name}`, "answers"),
    pass: () => clock.advance(1_000),
    looked: () => storage.reads,
    held: () => clock.pending,
  };
}

/** A world of a fake storage for the suite of providers, or of another provider over it. */
export function providerWorld(
  makeProvider: (storage: FakeStorage) => SourceProvider = ({ provider }) => provider,
): SourceProviderWorld {
  const clock = new FakeClock();
  const storage = new FakeStorage({ clock });
  return {
    provider: makeProvider(storage),
    basePaths: ["fake://digits/", "fake://faces"],
    context: { clock },
    publish: (basePath, version) => storage.publish(basePath, version),
    fail: (basePath) => storage.set(basePath, basePath.includes("digits") ? "fails" : "hangs"),
    recover: (basePath) => storage.set(basePath, "answers"),
    setLabels: (basePath, labels) => storage.setLabels(basePath, labels),
    refused: ["fake://"],
    pass: () => clock.advance(1_000),
    touched: () => storage.reads,
    listed: () => storage.lists,
  };
}

/** A world of a fake storage for the suite of remote paths, or of another remote path over it. */
export function remotePathWorld(
  change: (remote: RemotePath, storage: FakeStorage) => RemotePath = (remote) => remote,
): RemotePathWorld {
  const clock = new FakeClock();
  const storage = new FakeStorage({ fetchMs: 100, clock });
  const basePath = "fake://digits";
  let files = { model: "first", "assets/words": "one two" };
  storage.publish(basePath, 1n, files);
  let count = 0;
  return {
    remote: change(storage.remotePath(basePath, 1n), storage),
    files: () => files,
    replace() {
      files = { model: `next${count++}`, "assets/words": "one two" };
      storage.publish(basePath, 1n, files);
    },
    remove: () => storage.remove(basePath, 1n),
    pass: () => clock.advance(50),
    touched: () => storage.reads,
    held: () => storage.leases + storage.fetching + clock.pending,
  };
}
