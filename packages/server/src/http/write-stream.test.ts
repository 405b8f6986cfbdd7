import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { silentLogger } from "@serving-kit/core";
import { deferred, turn } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { webStream, writeStream } from "./write-stream.js";

/** A response whose client takes `room` parts before it must drain. */
class FakeResponse extends EventEmitter {
  readonly written: string[] = [];
  destroyed = false;
  hasEnded = false;
  room = Number.POSITIVE_INFINITY;

  flushHeaders(): void {}

  write(part: Uint8Array): boolean {
    this.written.push(Buffer.from(part).toString());
    return this.written.length < this.room;
  }

  end(): void {
    this.hasEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

/** A stream that counts what was asked of it, and whether its maker has come to its end. */
function counted(parts: readonly (string | Error | Promise<void>)[]) {
  const seen = { asked: 0, cleaned: 0 };
  async function* make() {
    try {
      for (const part of parts) {
        seen.asked++;
        if (part instanceof Error) throw part;
        if (part instanceof Promise) await part;
        else yield Buffer.from(part);
      }
    } finally {
      seen.cleaned++;
    }
  }
  return { body: make(), seen };
}

function write(response: FakeResponse, body: AsyncIterable<Uint8Array>) {
  const logged: unknown[] = [];
  const logger = { ...silentLogger, error: (fields: unknown) => void logged.push(fields) };
  let isBeforeEnd = false;
  const beforeEnd = () => {
    isBeforeEnd = !response.hasEnded;
  };
  const done = writeStream(response as unknown as ServerResponse, body, { logger, beforeEnd });
  return { done, logged, calledBeforeEnd: () => isBeforeEnd };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await turn();
}

it("writes each part, and ends", async () => {
  const response = new FakeResponse();
  const { body, seen } = counted(["a", "b"]);
  const { done, calledBeforeEnd } = write(response, body);
  await done;
  expect([response.written, response.hasEnded, calledBeforeEnd()]).toEqual([
    ["a", "b"],
    true,
    true,
  ]);
  await settled();
  expect(seen.cleaned).toBe(1);
});

it("asks for no part before the client has taken the last", async () => {
  const response = new FakeResponse();
  response.room = 1;
  const { body, seen } = counted(["a", "b", "c"]);
  const { done } = write(response, body);
  await settled();
  expect(seen.asked).toBe(1);
  response.room = 9;
  response.emit("drain");
  await done;
  expect(response.written).toEqual(["a", "b", "c"]);
});

it("ends with its client, while it waits for a part or for room", async () => {
  for (const [room, part] of [
    [9, deferred().promise],
    [1, "b"],
  ] as const) {
    const response = new FakeResponse();
    response.room = room;
    const { body } = counted(["a", part, "c"]);
    const { done } = write(response, body);
    await settled();
    response.destroy();
    await done;
    expect(response.written).toEqual(["a"]);
  }
});

it("ends the connection at an error of the stream, and logs it", async () => {
  const response = new FakeResponse();
  const error = new Error("it broke");
  const { done, logged } = write(response, counted(["a", error]).body);
  await done;
  expect([response.written, response.hasEnded, response.destroyed]).toEqual([["a"], false, true]);
  expect(logged).toEqual([{ err: error }]);
});

it("is a web stream that ends once, by its end, an error or its reader", async () => {
  for (const parts of [["a"], ["a", new Error("it broke")], ["a", "b"]]) {
    let ends = 0;
    const { body, seen } = counted(parts);
    const reader = webStream(body, () => ends++).getReader();
    expect(String(Buffer.from((await reader.read()).value ?? []))).toBe("a");
    if (parts[1] === "b") await reader.cancel();
    else await reader.read().catch(() => {});
    await settled();
    expect([ends, seen.cleaned]).toEqual([1, 1]);
  }
});
