import { join } from "node:path";
import { definePlatform, spec, type WarmUpOptions, warmUpOf } from "@serving-kit/inference";
import { expect, it } from "vitest";
import { World } from "./world.js";

const vector = spec.float32([-1]);

/** A platform that estimates 10 bytes, and keeps the warm-up that each model has. */
function keepingPlatform(warmUps: Map<string, WarmUpOptions>) {
  return definePlatform({
    name: "keeping",
    accepts: async () => true,
    estimateResources: async () => ({ ramBytes: 10 }),
    load({ id, own }) {
      warmUps.set(id.name, warmUpOf(own));
      return {
        signatures: { serving_default: { inputs: { x: vector }, outputs: { y: vector } } },
        batchable: false,
        predict: ({ x }) => ({ y: x as never }),
      };
    },
  })();
}

it.each([
  { resources: {}, reached: ["available", "available"] },
  { resources: { ramBytes: 80 }, reached: ["available", "resources"] },
])("with $resources of their own, two models get to $reached", async ({ resources, reached }) => {
  await using world = await World.create();
  for (const name of ["a", "b"]) await world.publish(name, 1);
  const models = ["a", "b"].map((name) => ({ name, basePath: join(world.path, name), resources }));
  const server = await world.serve([], {
    ...{ models, platforms: [keepingPlatform(new Map())] },
    manager: { resourceLimits: { ramBytes: 100 } },
    startUpPolicy: "none",
  });
  const states = () => models.flatMap(({ name }) => server.manager.states(name));
  await expect
    .poll(() =>
      states()
        .map(({ state, waitingFor }) => waitingFor ?? state)
        .sort(),
    )
    .toEqual(reached);
});

it("a model's own warm-up reaches its platform", async () => {
  await using world = await World.create();
  await world.publish("a", 1);
  const warmUp = { enabled: false, iterations: 2 };
  const warmUps = new Map<string, WarmUpOptions>();
  await world.serve([], {
    platforms: [keepingPlatform(warmUps)],
    models: [{ name: "a", basePath: join(world.path, "a"), warmUp }],
  });
  expect(warmUps.get("a")).toEqual(warmUp);
});
