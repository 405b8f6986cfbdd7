import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { Slots, WaitQueue } from "./wait-queue.js";

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
  it("admits in order, and stops at the first for whom there is no room", async () => {
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

describe("Slots", () => {
  it("gives no more than it has, in order of asking", async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    expect(slots.tryTake()).toBe(true);
    expect(slots.tryTake()).toBe(false);
    void slots.wait().then(() => order.push("first"));
    void slots.wait().then(() => order.push("second"));
    slots.give();
    await turn();
    expect(order).toEqual(["first"]);
    expect(slots.tryTake()).toBe(false);
    slots.give();
    await turn();
    expect(order).toEqual(["first", "second"]);
  });

  it("admits more when the limit rises, and fewer when it falls", async () => {
    const slots = new Slots(1);
    let admitted = 0;
    slots.tryTake();
    for (let i = 0; i < 3; i++) void slots.wait().then(() => admitted++);
    slots.limit = 3;
    await turn();
    expect(admitted).toBe(2);
    slots.limit = 1;
    slots.give();
    slots.give();
    await turn();
    expect(admitted).toBe(2);
    slots.give();
    await turn();
    expect(admitted).toBe(3);
  });

  it("tells when the last slot is given back and nobody waits", async () => {
    let idle = 0;
    const slots = new Slots(1, () => idle++);
    slots.tryTake();
    const waited = slots.wait();
    slots.give();
    await waited;
    expect(idle).toBe(0);
    slots.give();
    expect(idle).toBe(1);
  });
});
