import { describe, expect, it } from "vitest";
import { fuzz } from "./fuzz/fuzz.js";
import { TARGETS } from "./fuzz/targets.js";

/** Seconds for each of five readers: a minute in all. `npm run fuzz` has thirty. */
const SECONDS = 12;

describe("readers of bytes from outside", () => {
  it.each(TARGETS.map((target) => [target.name, target] as const))(
    "%s: each input of the corpus, and of a search from there, is read or refused",
    async (_, target) => {
      const { runs, findings } = await fuzz(target, { seconds: SECONDS, seed: 1 });
      expect(findings.map(({ input, error }) => [input.toString("base64"), error])).toEqual([]);
      expect(runs).toBeGreaterThanOrEqual(target.seeds.length);
    },
    120_000,
  );
});
