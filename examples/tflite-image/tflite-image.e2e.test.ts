import { describe, expect, it } from "vitest";
import { runExample } from "../run-example.js";

describe("tflite-image", () => {
  it("sees a flower in a photograph of one", async () => {
    const { code, stdout } = await runExample("tflite-image/main.ts");
    const [, width, temple, flower] =
      /^(\d+) x \d+ pixels\ntemple: ([\d.]+) %\nflower: ([\d.]+) %\n$/.exec(stdout) ?? [];
    expect(width).toBe("144");
    expect(Number(flower)).toBeGreaterThan(90);
    expect(Number(temple)).toBeLessThan(10);
    expect(code).toBe(0);
  });
});
