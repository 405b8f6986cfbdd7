import { silentLogger } from "@serving-kit/core";
import { FakeClock, FakeStorage } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { ServedModels } from "./served-models.js";

function world() {
  const clock = new FakeClock();
  const storage = new FakeStorage({ schemes: ["fake"], clock });
  const options = { platforms: [], sourceProviders: [storage.provider] };
  const models = new ServedModels(options, clock, silentLogger);
  models.start({});
  const named = (...names: string[]) =>
    names.map((name) => ({ name, basePath: `fake://models/${name}` }));
  return { models, named };
}

/** Returns the number of turns of the event loop until a promise resolves. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let immediate: NodeJS.Immediate | undefined;
  const count = () => {
    turns++;
    immediate = setImmediate(count);
  };
  count();
  await promise;
  clearImmediate(immediate);
  return turns;
}

it("checks thousands of models in slices, before any of them counts", async () => {
  const { models, named } = world();
  const many = named(...Array.from({ length: 20_000 }, (_, i) => `m${i}`));
  const replaced = models.replace(many, "operator");
  let seen = 0;
  setImmediate(() => {
    seen = models.configured.size;
  });
  expect(await turnsUntil(replaced)).toBeGreaterThan(5);
  expect([seen, models.configured.size]).toEqual([0, 20_000]);
  await models.manager.close();
});

it("replaces models one time after the other, and waits for the ones of before no longer", async () => {
  const { models, named } = world();
  const first = models.replace(named("a", "b"), "operator");
  const refused = models.replace(named("c", "c"), "operator");
  const second = models.replace(named("d"), "operator");
  await expect(refused).rejects.toThrow("Illegal to list model c multiple times");
  const { names, superseded } = await first;
  expect(names).toEqual(["a", "b"]);
  expect((await second).superseded.aborted).toBe(false);
  expect(superseded.aborted).toBe(true);
  expect([...models.configured.keys()]).toEqual(["d"]);
  await models.manager.close();
});

it("keeps what a client cannot say, as the replacement before it has it", async () => {
  const { models } = world();
  void models.replace([{ name: "m", basePath: "fake://m", batching: true }], "operator");
  await models.replace([{ name: "m", basePath: "fake://other" }], "client");
  expect(models.configured.get("m")).toMatchObject({ basePath: "fake://other", batching: true });
  await models.replace([{ name: "m", basePath: "fake://other" }], "operator");
  expect(models.configured.get("m")?.batching).toBeUndefined();
  await models.manager.close();
});

it("replaces none when the server stops", async () => {
  const { models, named } = world();
  const stopped = models.replace(named("a"), "operator");
  models.stopSettling(new Error("closing") as never);
  await expect(stopped).rejects.toMatchObject({ reason: "SERVER_CLOSING" });
  expect(models.configured.size).toBe(0);
  await models.manager.close();
});
