import { describe, expect, it } from "vitest";
import { unload } from "./loader.js";

describe("unload", () => {
  it("prefers the asynchronous dispose, and waits for it", async () => {
    const calls: string[] = [];
    await unload({
      async [Symbol.asyncDispose]() {
        await Promise.resolve();
        calls.push("async");
      },
      [Symbol.dispose]: () => calls.push("sync"),
    });
    expect(calls).toEqual(["async"]);
  });

  it("calls dispose on the servable itself, also on a function", async () => {
    const servable = Object.assign(() => {}, {
      isDisposed: false,
      [Symbol.dispose]() {
        this.isDisposed = true;
      },
    });
    await unload(servable);
    expect(servable.isDisposed).toBe(true);
  });

  it.each([undefined, null, 1, "text", {}, Object.create(null)])(
    "does nothing to %s",
    async (value) => {
      await expect(unload(value)).resolves.toBeUndefined();
    },
  );
});
