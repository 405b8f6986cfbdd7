import { expect, it } from "vitest";
import { runExample } from "../run-example.js";

it("the text example finds the topics of texts", async () => {
  const texts = ["my parcel is late", "I want my money back for this invoice", "reset my password"];
  const { stdout, stderr, code } = await runExample("tflite-text/main.ts", texts);
  expect([stderr.replace(/^INFO: .*\n/gm, ""), code]).toEqual(["", 0]);
  expect(stdout).toBe(`delivery: ${texts[0]}\nbilling: ${texts[1]}\naccount: ${texts[2]}\n`);
});
