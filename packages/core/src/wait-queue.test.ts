import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { WaitQueue } from "./wait-queue.js";

/** Makes waiting callers that write their name when they are admitted. */
function callers(queue: WaitQueue) {
  const admitted: string[] = [];
  const wait = (name: string, fits: () => boolean, signal?: AbortSignal) =>
    queue.wait(fits, signal).then(
      () => void admitted.push(name),
      (reason) => void admitted.push(`${name}: ${reason}`),
    );
  return { admitted, wait };
}

describe("WaitQueue", () => {
  it("admits in order, and stops at the first that does not fit", async () => {
    const queue = new WaitQueue();
    const { admitted, wait } = callers(queue);
    let room = 2;
    const take = (n: number) => () => {
      if (n > room) return false;
      room -= n;
      return true;
    };
    void wait("a", take(1));
    void wait("b", take(3));
    void wait("c", take(1));
    queue.wakeInOrder();
    await turn();
    expect(admitted).toEqual(["a"]);
    expect(queue.size).toBe(2);
    queue.wakeAll();
    await turn();
    expect(admitted).toEqual(["a", "c"]);
    room = 3;
    queue.wakeInOrder();
    await turn();
    expect(admitted).toEqual(["a", "c", "b"]);
    expect(queue.size).toBe(0);
  });

  it("lets go of one whose signal aborts, with the reason", async () => {
    const queue = new WaitQueue();
    const { admitted, wait } = callers(queue);
    const controller = new AbortController();
    void wait("a", () => true, controller.signal);
    controller.abort("enough");
    await turn();
    queue.wakeAll();
    await turn();
    expect(admitted).toEqual(["a: enough"]);
    expect(queue.size).toBe(0);
    await expect(queue.wait(() => true, controller.signal)).rejects.toBe("enough");
  });

  it("is not troubled by a signal that aborts after admission", async () => {
    const queue = new WaitQueue();
    const { admitted, wait } = callers(queue);
    const controller = new AbortController();
    void wait("a", () => true, controller.signal);
    queue.wakeAll();
    controller.abort("late");
    await turn();
    expect(admitted).toEqual(["a"]);
  });
});
