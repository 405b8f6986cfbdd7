import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { Semaphore } from "./semaphore.js";

describe("Semaphore", () => {
  it("is acquired immediately while it is free", () => {
    const semaphore = new Semaphore(2);
    expect([semaphore.acquire(), semaphore.tryAcquire()]).toEqual([undefined, true]);
    expect(semaphore.tryAcquire()).toBe(false);
    expect(semaphore).toMatchObject({ held: 2, waiting: 0, limit: 2 });
  });

  it("admits callers in the order of arrival, and never more than the limit", async () => {
    const semaphore = new Semaphore(1);
    const order: number[] = [];
    const task = (i: number) => async () => {
      expect(semaphore.held).toBe(1);
      order.push(i);
      await Promise.resolve();
    };
    await Promise.all([0, 1, 2, 3].map((i) => semaphore.run(task(i))));
    expect(order).toEqual([0, 1, 2, 3]);
    expect(semaphore).toMatchObject({ held: 0, waiting: 0 });
  });

  it("lets no newcomer pass a caller that waits", async () => {
    const semaphore = new Semaphore(1);
    semaphore.tryAcquire();
    const first = semaphore.acquire();
    semaphore.release();
    expect(semaphore.tryAcquire()).toBe(false);
    expect(semaphore.acquire()).toBeInstanceOf(Promise);
    await first;
    expect(semaphore).toMatchObject({ held: 1, waiting: 1 });
  });

  it("rejects a caller whose signal aborts, and admits the next", async () => {
    const semaphore = new Semaphore(1);
    semaphore.tryAcquire();
    const controller = new AbortController();
    const aborted = semaphore.acquire(controller.signal);
    const next = semaphore.acquire();
    controller.abort("enough");
    await expect(aborted).rejects.toBe("enough");
    semaphore.release();
    await next;
  });

  it("admits more when the limit rises, and fewer when it falls", async () => {
    const semaphore = new Semaphore(1);
    let admitted = 0;
    semaphore.tryAcquire();
    for (let i = 0; i < 3; i++) void semaphore.acquire()?.then(() => admitted++);
    semaphore.limit = 3;
    await turn();
    expect(admitted).toBe(2);
    semaphore.limit = 1;
    semaphore.release();
    semaphore.release();
    await turn();
    expect(admitted).toBe(2);
    semaphore.release();
    await turn();
    expect(admitted).toBe(3);
  });

  it("reports when the last holder releases and no caller waits", async () => {
    let idle = 0;
    const semaphore = new Semaphore(1, () => idle++);
    semaphore.tryAcquire();
    const waited = semaphore.acquire();
    semaphore.release();
    await waited;
    expect(idle).toBe(0);
    semaphore.release();
    expect(idle).toBe(1);
  });

  it("releases also if its task fails", async () => {
    const semaphore = new Semaphore(1);
    const failing = semaphore.run(async () => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(semaphore.held).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN])("rejects the limit %s", (limit) => {
    expect(() => new Semaphore(limit)).toThrow(RangeError);
  });
});
