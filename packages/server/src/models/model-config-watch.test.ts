import { ServingError } from "@serving-kit/core";
import { deferred, FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import type { ModelConfig } from "../config/model-config.js";
import { parseModelConfig } from "../config/model-config-file.js";
import type { ModelOutcome } from "../config/model-outcome.js";
import { type ModelConfigWatchOptions, watchModelConfig } from "./model-config-watch.js";

const path = "/etc/models.yaml";
const configOf = (...names: string[]) =>
  `model_config_list: { config: [${names.map((name) => `{ name: ${name}, base_path: /m }`)}] }`;
const unreadable = new ServingError(
  "FAILED_PRECONDITION",
  "CONFIG_FILE_UNREADABLE",
  "no such file",
);

/** A watch of a file with the model `a`, what is in the file, and what the watch did. */
function watched(
  options: Partial<ModelConfigWatchOptions> = {},
  outcomesOf = async (models: readonly ModelConfig[]): Promise<ModelOutcome[]> =>
    models.map(({ name }) => ({ name })),
) {
  const clock = new FakeClock();
  const world = {
    clock,
    text: configOf("a") as string | Error,
    reads: 0,
    reloads: [] as string[],
    lines: [] as string[],
  };
  const tell = (_: object, message: string) => void world.lines.push(message);
  const watch = watchModelConfig({
    file: { path, text: configOf("a"), models: parseModelConfig(configOf("a"), path) },
    reload(models) {
      world.reloads.push(models.map(({ name }) => name).join());
      return outcomesOf(models);
    },
    pollIntervalMs: 100,
    logger: { info: () => {}, warn: tell, error: tell },
    clock,
    async read() {
      world.reads++;
      if (world.text instanceof Error) throw world.text;
      return world.text;
    },
    ...options,
  });
  return Object.assign(world, { watch });
}

describe("watchModelConfig", () => {
  it("reloads when the text has changed, once", async () => {
    const world = watched();
    await world.clock.advance(99);
    expect(world.reads).toBe(0);
    await world.clock.advance(1);
    expect([world.reads, world.reloads]).toEqual([1, []]);
    world.text = configOf("a", "b");
    await world.clock.advance(100);
    expect(world.reloads).toEqual(["a,b"]);
    await world.clock.advance(1_000);
    expect(world.reloads).toEqual(["a,b"]);
  });

  it("keeps the models, and reports it once, while the file cannot be read or is wrong", async () => {
    const world = watched();
    world.text = unreadable;
    await world.clock.advance(500);
    expect(world.lines).toEqual(["the models stay as they are: no such file"]);
    world.text = "model_config_list: {";
    await world.clock.advance(500);
    expect(world.lines).toHaveLength(2);
    expect(world.lines[1]).toMatch(/^the models stay as they are: \/etc\/models.yaml: .*line 1/);
    expect(world.reloads).toEqual([]);
    world.text = configOf("b");
    await world.clock.advance(100);
    expect(world.reloads).toEqual(["b"]);
    world.text = unreadable;
    await world.clock.advance(500);
    expect(world.lines).toHaveLength(3);
  });

  it("does nothing when a file that could not be read comes back as it was", async () => {
    const world = watched();
    world.text = unreadable;
    await world.clock.advance(100);
    world.text = configOf("a");
    await world.clock.advance(100);
    expect(world.reloads).toEqual([]);
  });

  it("does not retry a configuration that the server rejects", async () => {
    const world = watched({}, async () => {
      throw new ServingError("INVALID_ARGUMENT", "CONFIG_INVALID", "Illegal to change");
    });
    world.text = configOf("b");
    await world.clock.advance(500);
    expect(world.reloads).toEqual(["b"]);
    expect(world.lines).toEqual(["the models stay as they are: Illegal to change"]);
  });

  it("takes no action for a file that is empty at first, and none for one that was emptied", async () => {
    const world = watched({ file: { path: "/etc/models.yaml", text: "", models: [] } });
    world.text = "# later";
    await world.clock.advance(100);
    expect([world.reloads, world.lines]).toEqual([[], []]);
    world.text = configOf("a");
    await world.clock.advance(100);
    world.text = "";
    await world.clock.advance(500);
    expect(world.reloads).toEqual(["a"]);
    expect(world.lines).toEqual([
      expect.stringContaining(
        "Cannot transition to requested config. It is only legal to transition from one ModelConfigList to another.",
      ),
    ]);
    world.text = "model_config_list: {}";
    await world.clock.advance(100);
    expect(world.reloads).toEqual(["a", ""]);
  });

  it("reports each model that failed", async () => {
    const error = new ServingError("UNKNOWN", "LOAD_FAILED", "bad weights");
    const world = watched({}, async () => [{ name: "a" }, { name: "b", error }]);
    world.text = configOf("a", "b");
    await world.clock.advance(100);
    expect(world.lines).toEqual(["/etc/models.yaml: model b: bad weights"]);
  });

  it("is not held up by the models of an earlier change", async () => {
    const loading = deferred<ModelOutcome[]>();
    const world = watched({}, () => loading.promise);
    world.text = configOf("b");
    await world.clock.advance(100);
    world.text = configOf("c");
    await world.clock.advance(100);
    expect(world.reloads).toEqual(["b", "c"]);
    loading.resolve([]);
  });

  it("reads the file at reload, whether or not it has changed and anything polls", async () => {
    const world = watched({ pollIntervalMs: 0 });
    await world.clock.advance(1_000_000);
    expect(world.reads).toBe(0);
    expect(await world.watch.reload()).toEqual([{ name: "a" }]);
    world.text = unreadable;
    await expect(world.watch.reload()).rejects.toBe(unreadable);
    expect([world.reloads, world.lines]).toEqual([
      ["a"],
      ["the models stay as they are: no such file"],
    ]);
  });

  it("does nothing after it was disposed, even if a check is in progress", async () => {
    const reading = deferred<string>();
    const world = watched({ read: () => reading.promise });
    await world.clock.advance(100);
    world.watch[Symbol.dispose]();
    reading.resolve(configOf("b"));
    await world.clock.advance(1_000);
    expect(world.reloads).toEqual([]);
  });

  it("has one read in progress at a time, and one more for all who ask meanwhile", async () => {
    const reads: ReturnType<typeof deferred<string>>[] = [];
    const world = watched({
      pollIntervalMs: 0,
      read() {
        reads.push(deferred<string>());
        return (reads.at(-1) as (typeof reads)[0]).promise;
      },
    });
    const asked = Array.from({ length: 10 }, () => world.watch.reload());
    expect(reads).toHaveLength(1); // it may hang, and hold a thread
    reads[0]?.resolve(configOf("old"));
    await asked[0];
    await world.clock.advance();
    expect(reads).toHaveLength(2);
    reads[1]?.resolve(configOf("new"));
    await Promise.all(asked);
    expect(reads).toHaveLength(2);
    expect(world.reloads).toEqual(["old", ...Array.from({ length: 9 }, () => "new")]);
  });
});
