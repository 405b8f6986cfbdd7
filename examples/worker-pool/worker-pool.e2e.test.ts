import { describe, expect, it } from "vitest";
import { runExample } from "../run-example.js";

describe("worker-pool", () => {
  it("answers every request on the workers, and ends well", async () => {
    const { code, stdout } = await runExample("worker-pool/main.ts");
    expect(stdout).toMatch(/^\d+ workers answered (\d+ \+ )*\d+ requests\n/);
    const [, counts = ""] = /answered (.*) requests/.exec(stdout) ?? [];
    expect(counts.split(" + ").reduce((sum, count) => sum + Number(count), 0)).toBe(2_000);
    const [, right = ""] = /(\d+) of 2000 right/.exec(stdout) ?? [];
    expect(Number(right)).toBeGreaterThan(1_900);
    expect(code).toBe(0);
  });
});
