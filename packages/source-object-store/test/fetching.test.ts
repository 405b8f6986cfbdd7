import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { type Logger, silentLogger } from "@serving-kit/core";
import { packTar, type TarSource } from "modern-tar/fs";
import { describe, expect, it } from "vitest";
import { fetchWorld, whileTimePasses } from "./fetch-world.js";

const signal = new AbortController().signal;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const content = (path: string) => readFile(path, "utf8");

/** Returns the error that a fetch rejects with. */
const failure = (fetching: Promise<unknown>) =>
  fetching.then(
    () => undefined,
    (error: unknown) => error as { code: string; reason: string; message: string },
  );

describe("SHA256SUMS", () => {
  it("decides whether a version is complete", async () => {
    await using world = await fetchWorld({ rules: { settleMs: 10_000 } });
    const { store, clock } = world;
    const sums = `${sha256("a")}  model.bin\n${sha256("b")} *assets/words\n`;
    store.put("digits/1/SHA256SUMS", sums);
    store.put("digits/1/model.bin", "a");
    const remote = world.remote();
    expect(await failure(whileTimePasses(clock, remote.fetch(signal)))).toMatchObject({
      code: "UNAVAILABLE",
      reason: "VERSION_INCOMPLETE",
      message: expect.stringContaining("SHA256SUMS lists assets/words, which is missing"),
    });
    store.put("digits/1/assets/words", "b");
    await using lease = await whileTimePasses(clock, remote.fetch(signal));
    expect(await content(join(lease.path, "assets/words"))).toBe("b");
  });

  it("OP6 rejects other bytes with the file's name, and downloads nothing more until the listing changes", async () => {
    await using world = await fetchWorld();
    const { store, clock } = world;
    store.put("digits/1/SHA256SUMS", `${sha256("right")}  model.bin\n`);
    store.put("digits/1/model.bin", "wrong");
    const remote = world.remote();
    const refusal = {
      code: "DATA_LOSS",
      reason: "CHECKSUM_MISMATCH",
      message: expect.stringContaining("memory://bucket/digits/1/model.bin is damaged"),
    };
    expect(await failure(whileTimePasses(clock, remote.fetch(signal)))).toMatchObject(refusal);
    const { reads } = store;
    expect(await failure(whileTimePasses(clock, remote.fetch(signal)))).toMatchObject(refusal);
    expect(store.reads).toBe(reads);
    store.put("digits/1/model.bin", "right");
    await using lease = await whileTimePasses(clock, remote.fetch(signal));
    expect(await content(join(lease.path, "model.bin"))).toBe("right");
  });

  it.each(["0123  model.bin", `${"a".repeat(64)}  ../model.bin`, "", `${"a".repeat(64)}  /etc/x`])(
    "refuses the manifest %j",
    async (text) => {
      await using world = await fetchWorld();
      world.store.put("digits/1/SHA256SUMS", text);
      expect(await failure(world.remote().fetch(signal))).toMatchObject({
        reason: "VERSION_UNREADABLE",
      });
    },
  );
});

describe("a fetch", () => {
  it.each(["../evil", "a//b", "a/../../b", "a\\b", "a/./b"])("refuses the key %s", async (name) => {
    await using world = await fetchWorld();
    world.store.put(`digits/1/${name}`, "evil");
    expect(await failure(world.remote().fetch(signal))).toMatchObject({
      reason: "VERSION_UNREADABLE",
    });
  });

  it("OP5 starts over with the new bytes if an object is overwritten in the middle", async () => {
    await using world = await fetchWorld();
    const { store, clock } = world;
    store.put("digits/1/a", "old a");
    store.put("digits/1/b", "old b");
    store.before = (request, key) => {
      if (request !== "read" || key !== "digits/1/b") return;
      store.before = undefined;
      store.put("digits/1/a", "new a");
      store.put("digits/1/b", "new b");
    };
    await using lease = await whileTimePasses(clock, world.remote().fetch(signal));
    expect(await content(join(lease.path, "a"))).toBe("new a");
    expect(await content(join(lease.path, "b"))).toBe("new b");
  });

  it("waits until what changed in the middle has settled", async () => {
    await using world = await fetchWorld({ rules: { settleMs: 10_000 } });
    const { store, clock } = world;
    store.put("digits/1/a", "old", 0);
    store.before = (request) => {
      if (request !== "read") return;
      store.before = undefined;
      store.put("digits/1/a", "new");
    };
    const startMs = clock.now();
    await using lease = await whileTimePasses(clock, world.remote().fetch(signal));
    expect(await content(join(lease.path, "a"))).toBe("new");
    expect(clock.now() - startMs).toBeGreaterThanOrEqual(10_000);
  });

  it("OP6 reports the files that are verified only by their length", async () => {
    const lines: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_, line) => lines.push(line) };
    await using world = await fetchWorld({ hasChecksums: false, logger });
    world.store.put("digits/1/model.bin", "bytes");
    await using _lease = await whileTimePasses(world.clock, world.remote().fetch(signal));
    expect(lines).toEqual([
      expect.stringContaining("no checksums for these objects: model.bin (1)"),
    ]);
  });

  it("is given the copy in the cache if the store cannot be listed", async () => {
    await using world = await fetchWorld();
    const { store, clock } = world;
    store.put("digits/1/model.bin", "bytes");
    await (await whileTimePasses(clock, world.remote().fetch(signal)))[Symbol.asyncDispose]();
    for (const state of ["fails", "denies", "hangs"] as const) {
      store.set("", state);
      await using lease = await whileTimePasses(clock, world.remote().fetch(signal));
      expect(await content(join(lease.path, "model.bin"))).toBe("bytes");
    }
    expect(
      await failure(whileTimePasses(clock, world.remote("digits/2").fetch(signal))),
    ).toMatchObject({ reason: "STORE_UNAVAILABLE" });
  });
});

describe("model.tar.gz", () => {
  const archiveOf = async (sources: readonly TarSource[]) => {
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _, done) {
        chunks.push(chunk);
        done();
      },
    });
    await pipeline(packTar(sources), createGzip(), sink);
    return Buffer.concat(chunks);
  };
  /** An archive of one empty entry, which no library would write. */
  const rawArchiveOf = (name: string, type: string) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write("00000000000\0", 124);
    header.write(`        ${type}/etc`, 148);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return gzipSync(Buffer.concat([header, Buffer.alloc(1_024)]));
  };
  const file = (target: string, text = target): TarSource => ({
    ...{ type: "content", content: text, target },
  });

  it("is unpacked, to the folder of the model in it", async () => {
    await using world = await fetchWorld();
    const archive = await archiveOf([file("export/1/saved_model.pb"), file("export/1/assets/a")]);
    world.store.put("digits/1/model.tar.gz", archive);
    world.store.put("digits/1/_READY", "");
    const remote = world.remote();
    await using lease = await whileTimePasses(world.clock, remote.fetch(signal));
    expect((await readdir(lease.path)).sort()).toEqual(["assets", "saved_model.pb"]);
    expect(lease.path.endsWith(join("files", "export", "1"))).toBe(true);
    expect(lease.sizeBytes).toBe("export/1/saved_model.pbexport/1/assets/a".length);
    expect(remote.sizeBytes).toBeUndefined();
  });

  it("has no effect outside of its folder", async () => {
    await using world = await fetchWorld();
    const archives = [
      rawArchiveOf("../../evil", "0"),
      rawArchiveOf("link", "2"),
      await archiveOf([file("_READY")]),
      Buffer.from("not an archive"),
      (await archiveOf([file("a", "x".repeat(100_000))])).subarray(0, 60),
    ];
    for (const archive of archives) {
      world.store.put("digits/1/_READY", "");
      world.store.put("digits/1/model.tar.gz", archive);
      const error = await failure(whileTimePasses(world.clock, world.remote().fetch(signal)));
      expect(error).toMatchObject({ reason: "ARCHIVE_INVALID" });
    }
    expect(await readdir(join(world.dir, "versions"))).toEqual([]);
  });
});
