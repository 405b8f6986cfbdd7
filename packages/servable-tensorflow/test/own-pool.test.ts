import { readdirSync } from "node:fs";
import { unload } from "@serving-kit/core";
import { copyMemory } from "@serving-kit/native-library";
import { describe, expect, it } from "vitest";
import { openTensorFlow } from "../src/native/library.js";
import { ownPool, SHARES_POOL } from "../src/native/own-pool.js";
import { digitsPath, load, skipReason, zooPath } from "./zoo.js";

const tensorflow = skipReason ? undefined : await openTensorFlow();
const address = tensorflow?.library.address(SHARES_POOL);

/** Whether sessions share the process's pool now. */
function sharesPool(): boolean {
  const byte = new Uint8Array(1);
  copyMemory(byte, address as bigint, 1);
  return byte[0] === 1;
}

const threads = () => readdirSync("/proc/self/task").length;

describe.skipIf(address === undefined)(`a pool of a session's own${skipReason}`, () => {
  it("is made during a load, and only then", async () => {
    const own = ownPool(tensorflow as NonNullable<typeof tensorflow>);
    const during = await own?.(async () => sharesPool());
    expect([during, sharesPool()]).toEqual([false, true]);
  });

  it("is made until the last of several loads has ended, even if one fails", async () => {
    const own = ownPool(tensorflow as NonNullable<typeof tensorflow>);
    let end = () => {};
    const first = own?.(() => new Promise<void>((resolve) => (end = resolve)));
    const failing = ownPool(tensorflow as NonNullable<typeof tensorflow>)?.(() =>
      Promise.reject(new Error("no model")),
    );
    await expect(failing).rejects.toThrow("no model");
    expect(sharesPool()).toBe(false);
    end();
    await first;
    expect(sharesPool()).toBe(true);
  });

  it.runIf(process.platform === "linux")(
    "has one thread for a small model, which ends with the model",
    async () => {
      // The first models start threads that stay.
      const others = [await load(digitsPath), await load(zooPath("sequence"))];
      const before = threads();
      const small = await load(digitsPath);
      expect(threads()).toBe(before + 1);
      await unload(small);
      expect(threads()).toBe(before);
      const large = await load(zooPath("sequence"));
      expect(threads()).toBe(before);
      await Promise.all([large, ...others].map((one) => unload(one)));
    },
  );

  it.runIf(process.platform === "linux")("is not made if the options set the threads", async () => {
    const others = [await load(digitsPath, { intraOpThreads: 2 })];
    const before = threads();
    const shared = await load(digitsPath, { intraOpThreads: 2 });
    expect(threads()).toBe(before);
    await Promise.all([shared, ...others].map((one) => unload(one)));
  });
});
