import { defineModel, spec } from "@serving-kit/inference";
import { expect, it } from "vitest";
import type { AcquireDecorator } from "../src/index.js";
import { createModelServer } from "./whole-server.js";

const constant = (value: number) =>
  defineModel({
    inputs: { x: spec.float32([-1]) },
    outputs: { y: spec.float32([-1]) },
    predict: ({ x }) => ({ y: x.data.map(() => value) }),
  });

it("AD4 calls by turns reach two models by turns, over REST and in the process", async () => {
  const targets = ["one", "two"];
  let calls = 0;
  const byTurns: AcquireDecorator = {
    name: "by-turns",
    decorate: (acquire) => (request) =>
      acquire(request.name === "both" ? { name: targets[calls++ % 2] as string } : request),
  };
  await using server = await createModelServer({
    platforms: [],
    models: { one: constant(1), two: constant(2) },
    acquireDecorators: [byTurns],
  });
  const body = JSON.stringify({ instances: [0] });
  const rest = async () => {
    const url = "http://localhost/v1/models/both:predict";
    const answer = await server.fetch(new Request(url, { method: "POST", body }));
    const { predictions } = JSON.parse((await answer?.text()) ?? "{}");
    return predictions as readonly number[];
  };
  const local = async () => {
    const { y } = await server.predict("both", { x: [0] });
    return [...(y?.data ?? [])];
  };
  expect([await rest(), await rest(), await local(), await local(), await rest()]).toEqual([
    [1],
    [2],
    [1],
    [2],
    [1],
  ]);
  expect(calls).toBe(5);
});
