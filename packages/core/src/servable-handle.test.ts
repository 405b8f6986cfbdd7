import { describe, expect, it } from "vitest";
import { type Counted, ServableHandle } from "./servable-handle.js";
import { servableId } from "./servable-id.js";

function counted() {
  let idle = 0;
  const it: Counted<string> = {
    id: servableId("m", 1),
    servable: "servable",
    handleCount: 0,
    onIdle: () => idle++,
  };
  return { counted: it, idle: () => idle };
}

describe("ServableHandle", () => {
  it("H1 returns the servable until it is released, even if other handles are released", () => {
    const { counted: subject, idle } = counted();
    const first = new ServableHandle(subject);
    const second = new ServableHandle(subject);
    expect(subject.handleCount).toBe(2);
    first.release();
    expect(second.servable).toBe("servable");
    expect(idle()).toBe(0);
    second.release();
    expect([subject.handleCount, idle()]).toEqual([0, 1]);
  });

  it("H2 releasing twice is the same as releasing once", () => {
    const { counted: subject, idle } = counted();
    const first = new ServableHandle(subject);
    const second = new ServableHandle(subject);
    first.release();
    first.release();
    first[Symbol.dispose]();
    expect(subject.handleCount).toBe(1);
    expect(second.servable).toBe("servable");
    expect(idle()).toBe(0);
  });

  it("H3 after release, reading servable throws HANDLE_RELEASED; the id stays", () => {
    const handle = new ServableHandle(counted().counted);
    handle.release();
    expect(() => handle.servable).toThrow(
      "the handle of {name: m version: 1} was released; acquire a new one for further use",
    );
    expect(handle.id).toEqual(servableId("m", 1));
  });

  it("is released by using, also when the block throws", () => {
    const { counted: subject } = counted();
    expect(() => {
      using handle = new ServableHandle(subject);
      throw new Error(handle.servable);
    }).toThrow("servable");
    expect(subject.handleCount).toBe(0);
  });
});
