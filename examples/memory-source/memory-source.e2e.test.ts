import { readFile } from "node:fs/promises";
import { allVersions, type RemotePath, silentLogger } from "@serving-kit/core";
import {
  FakeClock,
  remotePathConformance,
  sourceConformance,
  sourceProviderConformance,
} from "@serving-kit/testing";
import { afterEach, describe, expect, it } from "vitest";
import { endCommands, startSourceIn } from "../../packages/serving-kit/test/run-command.js";
import { runExample } from "../run-example.js";
import { memoryProvider } from "./memory-source.js";
import { MemoryStorage } from "./memory-storage.js";

afterEach(endCommands);

// #region conformance
const runner = { describe, it };
const text = (value: string) => new TextEncoder().encode(value);

sourceProviderConformance(runner, {
  name: "memoryProvider",
  create: () => {
    const storage = new MemoryStorage();
    return {
      provider: memoryProvider(storage),
      basePaths: ["memory://digits/", "memory://faces"],
      publish: (basePath, version) => storage.publish(basePath, version, { model: text("model") }),
      fail: (basePath) => storage.setReadable(basePath, false),
      recover: (basePath) => storage.setReadable(basePath, true),
      refused: ["memory://", "memory://digits?x=1"],
      touched: () => storage.accesses,
    };
  },
});

remotePathConformance(runner, {
  name: "a version in memory",
  create: () => {
    const clock = new FakeClock();
    const storage = new MemoryStorage({ clock });
    let files = { model: "first", "assets/words": "one two" };
    let count = 0;
    const publish = () => {
      const bytes = Object.entries(files).map(([name, value]) => [name, text(value)]);
      storage.publish("memory://digits", 1n, Object.fromEntries(bytes));
    };
    publish();
    const remote = storage.versions("memory://digits").get(1n) as RemotePath;
    storage.accesses = 0;
    return {
      remote,
      files: () => files,
      replace() {
        files = { ...files, model: `next${count++}` };
        publish();
      },
      remove: () => storage.remove("memory://digits", 1n),
      pass: () => clock.advance(250),
      touched: () => storage.accesses,
      held: () => storage.copies + clock.pending,
    };
  },
});
// #endregion

sourceConformance(runner, {
  name: "memoryProvider",
  create: () => {
    const storage = new MemoryStorage();
    const names = ["digits", "faces"];
    const published = new Map<string, readonly bigint[]>();
    const servables = names.map((name) => ({
      ...{ name, basePath: `memory://${name}` },
      versionPolicy: allVersions(),
    }));
    const clock = new FakeClock();
    return {
      source: memoryProvider(storage).create({ servables, clock, logger: silentLogger }),
      names,
      aspire(name, versions) {
        const basePath = `memory://${name}`;
        for (const version of versions)
          storage.publish(basePath, version, { model: text("model") });
        for (const version of published.get(name) ?? []) {
          if (!versions.includes(version)) storage.remove(basePath, version);
        }
        published.set(name, versions);
      },
      lose: () => {},
      looked: () => storage.accesses,
      held: () => clock.pending,
    };
  },
});

describe("memory://", () => {
  it.each([
    ["--model_base_path", ["--model_base_path=memory://digits", "--model_name=digits"], {}],
    ["MODEL_BASE_PATH", [], { MODEL_BASE_PATH: "memory://", MODEL_NAME: "digits" }],
  ])("is served by the command, chosen by %s", async (_, flags, environment) => {
    const samples = await readFile(`${import.meta.dirname}/../models/digits/samples.json`, "utf8");
    const [{ image, label }] = JSON.parse(samples) as [{ image: number[]; label: number }];
    const { said, child, ended, output } = startSourceIn(
      environment,
      ...[`--plugins=${import.meta.dirname}/plugin.ts`, "--port=0", "--rest_api_port=any"],
      ...flags,
    );
    const url = await said(/http:\/\/localhost:\d+\/v1\/models\/digits/);
    const body = JSON.stringify({ instances: [image] });
    const answer = await fetch(`${url}:predict`, { method: "POST", body });
    const { predictions } = (await answer.json()) as { predictions: [number[]] };
    expect(predictions[0].indexOf(Math.max(...predictions[0]))).toBe(label);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(output.stderr.replace(/^INFO: .*\n/gm, "")).toBe("");
  });

  it("shows version 2 taking over from version 1, in a program", async () => {
    const { stdout, stderr, code } = await runExample("memory-source/main.ts");
    expect([stderr.replace(/^INFO: .*\n/gm, ""), code]).toEqual(["", 0]);
    const lines = stdout.trimEnd().split("\n");
    const taken = lines.indexOf("{name: digits version: 2} available");
    expect(taken).toBeGreaterThan(0);
    expect(lines.indexOf("{name: digits version: 1} unloading")).toBeGreaterThan(taken);
    expect(lines.at(-1)).toBe("0 local copies are left");
  });
});
