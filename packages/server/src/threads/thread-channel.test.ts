import { ServingError } from "@serving-kit/core";
import { turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import {
  type ChannelMessage,
  Moved,
  type OnFact,
  ThreadChannel,
  type ThreadPort,
} from "./thread-channel.js";

/** Two ends of a channel: what is posted arrives in a later turn, cloned, as between threads. */
function ports(): [ThreadPort, ThreadPort] {
  const listeners: ((message: ChannelMessage) => void)[][] = [[], []];
  const port = (own: number): ThreadPort => ({
    postMessage(message, transfer = []) {
      const clone = structuredClone(message, { transfer: transfer as ArrayBuffer[] });
      setImmediate(() => {
        for (const listener of listeners[1 - own] ?? []) listener(clone as ChannelMessage);
      });
    },
    on: (_event, listener) => listeners[own]?.push(listener),
  });
  return [port(0), port(1)];
}

type Here = { readonly name: () => string };
type There = {
  readonly double: (value: number) => number;
  readonly fail: (error: string) => never;
  readonly wait: (_: undefined, signal: AbortSignal) => Promise<void>;
  readonly buffer: (bytes: number) => Moved<Uint8Array>;
  readonly unsendable: () => unknown;
  readonly tell: (_: undefined, signal: AbortSignal, onFact: OnFact) => void;
};

function channels() {
  const [here, there] = ports();
  const reasons: unknown[] = [];
  const far = new ThreadChannel<There, Here>(there, {
    double: (value) => 2 * value,
    fail: (error) => {
      if (error === "plain") throw new RangeError("out of range");
      const details = { name: "m", notCloneable: () => {} };
      throw new ServingError("NOT_FOUND", "SERVABLE_NOT_FOUND", error, { details });
    },
    wait: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      }),
    buffer: (length) => {
      const bytes = new Uint8Array(length);
      return new Moved(bytes, [bytes.buffer]);
    },
    unsendable: () => () => {},
    tell: (_, _signal, onFact) => {
      onFact("pid", 7);
      throw new Error("it fails after that");
    },
  });
  const near = new ThreadChannel<Here, There>(here, { name: () => "near" });
  return { near, far, reasons };
}

describe("ThreadChannel", () => {
  it("calls in both directions, and returns each caller its own answer", async () => {
    const { near, far } = channels();
    const answers = await Promise.all([1, 2, 3].map((value) => near.call("double", value)));
    expect(answers).toEqual([2, 4, 6]);
    expect(await far.call("name", undefined)).toBe("near");
  });

  it("moves memory instead of copying it", async () => {
    const { near } = channels();
    expect(await near.call("buffer", 8)).toEqual(new Uint8Array(8));
    const bytes = new Uint8Array(4);
    await near.call("double", bytes as never, { transfer: [bytes.buffer] });
    expect(bytes.byteLength).toBe(0);
  });

  it("brings errors over as what they were", async () => {
    const { near } = channels();
    await expect(near.call("fail", "no such model")).rejects.toMatchObject({
      ...{ name: "ServingError", code: "NOT_FOUND", reason: "SERVABLE_NOT_FOUND" },
      ...{ message: "no such model", details: { name: "m" } },
    });
    await expect(near.call("fail", "plain")).rejects.toMatchObject({
      ...{ name: "RangeError", message: "out of range" },
    });
  });

  it("rejects with the signal's reason immediately, and aborts the call on the other side", async () => {
    const { near, reasons } = channels();
    const controller = new AbortController();
    const { signal } = controller;
    const called = near.call("wait", undefined, { signal });
    await turn();
    controller.abort(new Error("enough"));
    await expect(called).rejects.toThrow("enough");
    await turn();
    expect(reasons).toEqual([expect.objectContaining({ name: "AbortError" })]);
    await expect(near.call("wait", undefined, { signal })).rejects.toThrow("enough");
  });

  it("passes facts to the caller before the call ends, even if it fails", async () => {
    const { near } = channels();
    const seen: unknown[] = [];
    const onFact = (...fact: unknown[]) => seen.push(fact);
    const called = near.call("tell", undefined, { onFact }).catch(() => seen.push("failed"));
    await Promise.all([called, near.call("tell", undefined).catch(() => {})]);
    expect(seen).toEqual([["pid", 7], "failed"]);
  });

  it("rejects what cannot be posted, in either direction", async () => {
    const { near } = channels();
    const error = { name: "DataCloneError" };
    await expect(near.call("double", (() => {}) as never)).rejects.toMatchObject(error);
    await expect(near.call("unsendable", undefined)).rejects.toMatchObject(error);
  });

  it("rejects what waits for a thread that has ended, and aborts what that one had called", async () => {
    const { near, far, reasons } = channels();
    const ended = new Error("the thread has ended");
    const called = near.call("wait", undefined);
    await turn();
    near.end(ended);
    await expect(called).rejects.toBe(ended);
    await expect(near.call("double", 1)).rejects.toBe(ended);
    far.end(ended);
    await turn();
    expect(reasons).toEqual([ended]);
  });
});
