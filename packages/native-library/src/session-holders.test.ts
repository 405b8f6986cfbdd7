import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { SessionHolders } from "./session-holders.js";

describe("SessionHolders", () => {
  it("H1 the loader holds the first reference, and its release is the last if there is no other holder", async () => {
    await new SessionHolders().releaseLast();
  });

  it("H2 others acquire holds, also through the memory in another thread", async () => {
    const owner = new SessionHolders();
    const other = new SessionHolders(owner.memory);
    expect(other.take()).toBe(true);
    other.release();
    await owner.releaseLast();
  });

  it("H3 the loader's release waits for all holders, and no new holder is accepted", async () => {
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
