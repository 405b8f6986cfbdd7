import { expect, it } from "vitest";
import { runExample } from "../run-example.js";

it("the audio example finds the notes of a tune", async () => {
  const { stdout, stderr, code } = await runExample("tflite-audio/main.ts", []);
  expect([stderr.replace(/^INFO: .*\n/gm, ""), code]).toEqual(["", 0]);
  expect(stdout).toBe("C4 E4 G4\n");
});
