import { expect, it } from "vitest";
import { returnFreedMemory } from "../src/index.js";

it("returnFreedMemory runs once for all calls that wait for the same run", async () => {
  const first = returnFreedMemory();
  for (let i = 0; i < 5; i++) await Promise.resolve(); // The first has started.
  const [second, third] = [returnFreedMemory(), returnFreedMemory()];
  expect(third).toBe(second);
  expect(second).not.toBe(first);
  await Promise.all([first, second]);
  expect(returnFreedMemory()).not.toBe(second);
});
