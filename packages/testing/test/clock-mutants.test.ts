import type { Clock } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { clockConformance, FakeClock } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";

describe("clockConformance rejects a clock", () => {
  const brokenBy = async (change: (clock: FakeClock) => Partial<Clock>) => {
    const failures = await failuresOf((runner) =>
      clockConformance(runner, {
        name: "mutant",
        create: () => {
          const fake = new FakeClock();
          const clock: Clock = {
            now: () => fake.now(),
            setTimeout: (callback, delayMs) => fake.setTimeout(callback, delayMs),
            setImmediate: (callback) => fake.setImmediate(callback),
            ...change(fake),
          };
          return { clock, advance: (ms) => fake.advance(ms) };
        },
      }),
    );
    return [...failures.keys()];
  };

  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(() => ({}))).toEqual([]);
  });

  it("K1 that counts seconds, or goes backwards", async () => {
    expect(await brokenBy((fake) => ({ now: () => fake.now() / 1_000 }))).toEqual(["K1"]);
    expect(await brokenBy((fake) => ({ now: () => -fake.now() }))).toEqual(["K1"]);
  });

  it("K2 that calls back at once, twice, or after disposal", async () => {
    const nothing = { [Symbol.dispose]: () => {} };
    const runToEnd = (callback: () => void) => {
      callback();
      return nothing;
    };
    expect(await brokenBy(() => ({ setImmediate: runToEnd }))).toEqual(["K2"]);
    const twice = (fake: FakeClock) => ({
      setTimeout: (callback: () => void, delayMs: number) => {
        fake.setTimeout(callback, delayMs + 1);
        return fake.setTimeout(callback, delayMs);
      },
    });
    expect(await brokenBy(twice)).toContain("K2");
    const undisposed = (fake: FakeClock) => ({
      setTimeout: (callback: () => void, delayMs: number) => {
        fake.setTimeout(callback, delayMs);
        return nothing;
      },
    });
    expect(await brokenBy(undisposed)).toEqual(["K2"]);
  });

  it("K3 that runs equal ones in reverse", async () => {
    let next = 1;
    const reversing = (fake: FakeClock) => ({
      setTimeout: (callback: () => void, delayMs: number) =>
        fake.setTimeout(callback, delayMs - 0.001 * next++),
    });
    expect(await brokenBy(reversing)).toEqual(["K3"]);
  });
});
