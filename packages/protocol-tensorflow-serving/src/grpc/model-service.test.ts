import { silentLogger } from "@serving-kit/core";
import type { ServerCore } from "@serving-kit/server";
import { expect, it } from "vitest";
import { handleReload } from "./model-service.js";

const core = { logger: silentLogger } as ServerCore;

it("rejects a reload of more than 16 MiB by its size", async () => {
  const bytes = new Uint8Array(16 * 2 ** 20 + 1);
  await expect(handleReload(core, bytes, {})).rejects.toMatchObject({
    code: "RESOURCE_EXHAUSTED",
    reason: "RELOAD_TOO_LARGE",
    message: expect.stringContaining("at most 16777216 bytes; got 16777217"),
  });
});

it("rejects a reload that costs too much as objects, and reads it no further", async () => {
  let taken = 0;
  const allowance = {
    receive() {},
    take(bytes: number) {
      taken += bytes;
      if (taken > 2 ** 20) throw new Error("too much");
    },
    answer() {},
    [Symbol.dispose]() {},
  };
  const bytes = new Uint8Array(4 * 2 ** 20).fill(0x12);
  for (let i = 1; i < bytes.length; i += 2) bytes[i] = 0; // metric names without a letter
  await expect(handleReload(core, bytes, { allowance })).rejects.toThrow("too much");
  expect(taken).toBeLessThan(2 * 2 ** 20);
});
