import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { SessionHolders } from "./session-holders.js";

describe("SessionHolders", () => {
  it("H1 the loader holds it first, and its release is the last one when nobody else does", async () => {
    await new SessionHolders().releaseLast();
  });

  it("H2 others take hold, also through the memory in another thread", async () => {
    const owner = new SessionHolders();
    const other = new SessionHolders(owner.memory);
    expect(other.take()).toBe(true);
    other.release();
    await owner.releaseLast();
  });

  it("H3 the loader's release waits for all, and nobody takes hold any more", async () => {
    const owner = new SessionHolders();
    const other = new SessionHolders(owner.memory);
    other.take();
    other.take();
    owner.close();
    expect(other.take()).toBe(false);
    let isReleased = false;
    const release = owner.releaseLast().then(() => {
      isReleased = true;
    });
    expect(other.take()).toBe(false);
    other.release();
    await turn();
    expect(isReleased).toBe(false);
    other.release();
    await release;
  });
});
