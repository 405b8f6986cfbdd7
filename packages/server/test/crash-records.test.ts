import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Loader, silentLogger } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { deferred } from "@serving-kit/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CrashRecords } from "../src/models/crash-records.js";
import { fixturePlatform } from "./fixture-platform.js";
import { createModelServer } from "./whole-server.js";
import { World } from "./world.js";

let folder: string;
let model: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-crashes-"));
  model = join(folder, "model");
  await mkdir(model);
  await writeFile(join(model, "weights"), "1");
});
afterEach(() => rm(folder, { recursive: true }));

const state = () => join(folder, "state");
const context = { id: { name: "m", version: 1n }, signal: new AbortController().signal };
const predictor = { signatures: new Map(), batchable: false } as unknown as Predictor;
const loader = (load: () => Promise<Predictor>): Loader<Predictor> => ({ load });

/** Leaves behind what a process leaves that ends while it loads these models. */
async function crash(...paths: string[]): Promise<void> {
  await crashWith(undefined, ...paths);
}

/** The same of versions whose files are known by a stamp. */
async function crashWith(stamp: string | undefined, ...paths: string[]): Promise<void> {
  const never = new Promise<Predictor>(() => {});
  const records = new CrashRecords(state(), silentLogger);
  const loads = paths.map((path) => {
    const started = deferred<void>();
    const recorded = records.recorded(
      loader(() => {
        started.resolve();
        return never;
      }),
      path,
      stamp === undefined ? undefined : async () => stamp,
    );
    void recorded.load(context).catch(() => {});
    return started.promise;
  });
  await Promise.race(loads);
  if (paths.length === 1) await Promise.all(loads);
  // As another process writes them that has ended: no process has this number.
  for (const name of await readdir(state())) {
    if (!name.endsWith(".loading")) continue;
    const file = join(state(), name);
    const marker = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...marker, pid: 2 ** 30 }));
  }
}

/** Returns the outcome of a load in a new process: `loaded`, or the reason of the error. */
async function outcome(path = model, stampOf?: () => Promise<string>): Promise<string> {
  const records = new CrashRecords(state(), silentLogger);
  const load = records.recorded(
    loader(async () => predictor),
    path,
    stampOf,
  );
  return load.load(context).then(
    () => "loaded",
    (error) => error.reason,
  );
}

describe("CrashRecords", () => {
  it("CR1 rejects a version after two crashes, until its files change", async () => {
    await crash(model);
    await crash(model);
    expect(await outcome()).toBe("VERSION_CRASHED");
    expect(await outcome()).toBe("VERSION_CRASHED");
    await utimes(join(model, "weights"), 1, 1);
    expect(await outcome()).toBe("loaded");
    await crash(model);
    expect(await outcome()).toBe("loaded");
  });

  it("CR1 rejects a version in remote storage by its URI, until its files there change", async () => {
    const uri = "memory://bucket/m/1";
    for (let i = 0; i < 2; i++) await crashWith("first", uri);
    expect(await outcome(uri, async () => "first")).toBe("VERSION_CRASHED");
    const records = new CrashRecords(state(), silentLogger);
    const refusal = await records.refusal(uri, async () => "first");
    expect(refusal).toMatchObject({
      reason: "VERSION_CRASHED",
      message: expect.stringContaining(uri),
    });
    expect(await records.refusal(uri, async () => "second")).toBeUndefined();
    expect(await outcome(uri, async () => "second")).toBe("loaded");
  });

  it("CR2 forgets the crash of a version that loads, and counts no error", async () => {
    await crash(model);
    expect(await outcome()).toBe("loaded");
    await crash(model);
    expect(await outcome()).toBe("loaded");
    const records = new CrashRecords(state(), silentLogger);
    for (let i = 0; i < 3; i++) {
      const failing = records.recorded(
        loader(() => Promise.reject(new Error("no model"))),
        model,
      );
      await expect(failing.load(context)).rejects.toThrow("no model");
    }
    expect(await readdir(state())).toEqual([]);
  });

  it("CR2 counts no load that a shutdown interrupts", async () => {
    const records = new CrashRecords(state(), silentLogger);
    const started = deferred<void>();
    const loading = records.recorded(
      loader(() => {
        started.resolve();
        return new Promise(() => {});
      }),
      model,
    );
    void loading.load(context);
    await started.promise;
    expect(await readdir(state())).toHaveLength(1);
    await records.close();
    expect(await readdir(state())).toEqual([]);
  });

  it("CR3 loads versions with a crash one at a time", async () => {
    const other = join(folder, "other");
    await mkdir(other);
    await crash(model);
    await crash(other);
    const records = new CrashRecords(state(), silentLogger);
    const gates = [deferred<Predictor>(), deferred<Predictor>()];
    let running = 0;
    const loads = [model, other].map((path, i) =>
      records
        .recorded(
          loader(async () => {
            running++;
            return (gates[i] as (typeof gates)[0]).promise;
          }),
          path,
        )
        .load(context)
        .finally(() => running--),
    );
    gates[0]?.resolve(predictor);
    await loads[0];
    gates[1]?.resolve(predictor);
    await loads[1];
    expect(running).toBe(0);
  });

  it("CR4 loads without a folder, and reports it", async () => {
    const warnings: string[] = [];
    await writeFile(state(), "a file");
    const records = new CrashRecords(state(), {
      ...silentLogger,
      warn: (_, line) => void warnings.push(line),
    });
    const load = records.recorded(
      loader(async () => predictor),
      model,
    );
    expect(await load.load(context)).toBe(predictor);
    expect(warnings).toEqual([
      expect.stringMatching(/^crashes of loads are not remembered in .*option stateDir/),
    ]);
  });

  it("counts the load of a process that was killed, and of none that runs", async () => {
    const child = fork(join(import.meta.dirname, "crash-child.mjs"), { stdio: "ignore" });
    await once(child, "message");
    const marker = { path: model, stamp: "s", pid: child.pid, life: "its own" };
    await mkdir(state());
    const file = join(state(), "k.loading");
    await writeFile(file, JSON.stringify(marker));
    expect(await outcome()).toBe("loaded");
    expect(await readdir(state())).toEqual(["k.loading"]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await outcome()).toBe("loaded");
    expect(await readdir(state())).toEqual([]);
  });
});

describe("a server with a version that crashed twice", () => {
  it("serves the version before it, and shows the other in status", async () => {
    await using world = await World.create();
    await world.publish("m", 1);
    await world.publish("m", 2, { b: 20 });
    const path = join(world.path, "m", "2");
    for (let i = 0; i < 2; i++) await crash(path);
    await using server = await createModelServer({
      platforms: [fixturePlatform()],
      models: [{ name: "m", basePath: join(world.path, "m") }],
      settleMs: 0,
      stateDir: state(),
    });
    const get = async (where: string) =>
      (await server.fetch(new Request(`http://host/v1/models/m${where}`))).json();
    const { model_version_status: versions } = (await get("")) as {
      model_version_status: { version: string; state: string; status: { error_message: string } }[];
    };
    expect(versions).toMatchObject([
      {
        version: "2",
        state: "END",
        status: { error_message: expect.stringMatching(/ended 2 times/) },
      },
      { version: "1", state: "AVAILABLE" },
    ]);
    using handle = server.manager.acquire({ name: "m" });
    expect(handle.id.version).toBe(1n);
  });
});
