import { type Deferred, deferred, FakeClock, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { type Lookable, LookQueue } from "./look-queue.js";

const TIMEOUT_MS = 5000;

/** A target whose looks the test ends. */
class PuppetTarget implements Lookable {
  device: number | undefined;
  readonly looks: { readonly thorough: boolean; readonly ended: Deferred<void> }[] = [];
  hangCount = 0;

  constructor(device?: number) {
    this.device = device;
  }
  look(thorough: boolean): Promise<void> {
    const ended = deferred<void>();
    this.looks.push({ thorough, ended });
    return ended.promise;
  }
  hangs(): void {
    this.hangCount++;
  }
  async endLook(): Promise<void> {
    this.looks.at(-1)?.ended.resolve();
    await turn();
  }
}

function setUp() {
  const clock = new FakeClock();
  const looked: Lookable[] = [];
  const queue = new LookQueue(clock, TIMEOUT_MS, (target) => looked.push(target));
  const settled = async (promise: Promise<void>) => {
    let isSettled = false;
    void promise.then(() => {
      isSettled = true;
    });
    await turn();
    return isSettled;
  };
  return { clock, looked, queue, settled };
}

describe("LookQueue", () => {
  it("checks once for all requests made while the check is waiting or running", async () => {
    const { queue, looked } = setUp();
    const target = new PuppetTarget(1);
    for (let ask = 0; ask < 3; ask++) queue.add(target);
    expect(target.looks.length).toBe(1);
    await target.endLook();
    expect(target.looks.length).toBe(1);
    expect(looked).toEqual([target]);
    queue.add(target);
    expect(target.looks.map(({ thorough }) => thorough)).toEqual([false, false]);
    queue.close();
  });

  it("answers a request with a thorough check that started after it", async () => {
    const { queue, settled } = setUp();
    const target = new PuppetTarget(1);
    queue.add(target);
    const first = queue.request(target);
    const second = queue.request(target);
    await target.endLook();
    expect(target.looks.map(({ thorough }) => thorough)).toEqual([false, true]);
    expect(await settled(first)).toBe(false);
    await target.endLook();
    expect(await settled(first)).toBe(true);
    expect(await settled(second)).toBe(true);
    expect(target.looks.length).toBe(2);
    queue.close();
  });

  it("reports a check that hangs, stops waiting for it, and checks again when it returns", async () => {
    const { clock, queue, settled } = setUp();
    const target = new PuppetTarget(1);
    const request = queue.request(target);
    await clock.advance(TIMEOUT_MS - 1);
    expect(target.hangCount).toBe(0);
    await clock.advance(1);
    expect(target.hangCount).toBe(1);
    expect(await settled(request)).toBe(true);

    queue.add(target);
    expect(await settled(queue.request(target))).toBe(true);
    expect(target.looks.length).toBe(1);

    await target.endLook();
    expect(target.looks.map(({ thorough }) => thorough)).toEqual([true, true]);
    await target.endLook();
    expect(target.looks.length).toBe(2);
    queue.close();
    expect(clock.pending).toBe(0);
  });

  it("measures the time of each check from its start", async () => {
    const { clock, queue } = setUp();
    const [early, late] = [new PuppetTarget(1), new PuppetTarget(2)];
    queue.add(early);
    await clock.advance(3000);
    queue.add(late);
    await early.endLook();
    await clock.advance(4999);
    expect([early.hangCount, late.hangCount]).toEqual([0, 0]);
    await clock.advance(1);
    expect([early.hangCount, late.hangCount]).toEqual([0, 1]);
    queue.close();
  });

  it("continues with other devices, and other paths on the device, while one path hangs", async () => {
    const { clock, queue } = setUp();
    const hanging = new PuppetTarget(1);
    const others = Array.from({ length: 20 }, (_, index) => new PuppetTarget((index % 2) + 1));
    for (const target of [hanging, ...others]) queue.add(target);
    for (const target of others) await target.endLook();
    expect(others.every(({ looks }) => looks.length === 1)).toBe(true);
    await clock.advance(TIMEOUT_MS);
    for (const target of [hanging, ...others]) queue.add(target);
    for (const target of others) await target.endLook();
    expect(others.every(({ looks }) => looks.length === 2)).toBe(true);
    expect(hanging.looks.length).toBe(1);
    queue.close();
  });

  it("leaves a silent device alone until it answers, and does not keep anybody waiting", async () => {
    const { clock, queue, settled } = setUp();
    const dead = Array.from({ length: 10 }, () => new PuppetTarget(1));
    const alive = new PuppetTarget(2);
    const requests = dead.map((target) => queue.request(target));
    queue.add(alive);
    expect(alive.looks.length).toBe(1);
    expect(dead.filter(({ looks }) => looks.length > 0).length).toBe(2);
    await clock.advance(TIMEOUT_MS);
    for (const request of requests) expect(await settled(request)).toBe(true);
    for (const target of dead) expect(await settled(queue.request(target))).toBe(true);
    expect(dead.filter(({ looks }) => looks.length > 0).length).toBe(2);

    await dead[0]?.endLook();
    for (const target of dead.slice(1)) await target.endLook();
    expect(dead.every(({ looks }) => looks.length > 0)).toBe(true);
    queue.close();
  });

  it("forgets a target: no check starts, no end is reported, and no caller waits", async () => {
    const { clock, queue, looked, settled } = setUp();
    const targets = Array.from({ length: 4 }, () => new PuppetTarget());
    const requests = targets.map((target) => queue.request(target));
    for (const target of targets) queue.remove(target);
    await targets[0]?.endLook();
    expect(targets.map(({ looks }) => looks.length)).toEqual([1, 1, 1, 0]);
    expect(looked).toEqual([]);
    expect(await settled(requests[3] as Promise<void>)).toBe(true);
    await clock.advance(TIMEOUT_MS);
    expect(targets.map(({ hangCount }) => hangCount)).toEqual([0, 0, 0, 0]);
    queue.close();
    expect(clock.pending).toBe(0);
  });
});
