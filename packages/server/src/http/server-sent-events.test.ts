import { FakeClock } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import {
  type ServerSentEvent,
  type ServerSentEventsOptions,
  serverSentEvents,
} from "./server-sent-events.js";

async function* eventsOf(...events: ServerSentEvent[]) {
  yield* events;
}

async function written(...events: ServerSentEvent[]): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of serverSentEvents(eventsOf(...events)).body as AsyncIterable<Uint8Array>)
    parts.push(part);
  return Buffer.concat(parts).toString();
}

it("is an event stream that is not stored", () => {
  expect(serverSentEvents(eventsOf())).toMatchObject({
    status: 200,
    contentType: "text/event-stream",
    headers: { "Cache-Control": "no-store" },
  });
});

it.each<[ServerSentEvent, string]>([
  [{ data: "a" }, "data: a\n\n"],
  [{ data: { a: [1, "b"] } }, 'data: {"a":[1,"b"]}\n\n'],
  [{ data: "a\nb\r\nc\rd" }, "data: a\ndata: b\ndata: c\ndata: d\n\n"],
  [{ data: "" }, "data: \n\n"],
  [{ data: "a", event: "e", id: "7" }, "event: e\nid: 7\ndata: a\n\n"],
  [{ data: "a", event: "e\ndata: b", id: "7\r\0" }, "event: e data: b\nid: 7  \ndata: a\n\n"],
])("writes %j", async (event, text) => {
  expect(await written(event)).toBe(text);
  expect(await written(event, event)).toBe(text + text);
});

describe("the heartbeat", () => {
  /** A stream on a FakeClock, of events that the test sends. */
  function opened(options: ServerSentEventsOptions = {}) {
    const clock = new FakeClock();
    let send: (result: IteratorResult<ServerSentEvent>) => void = () => {};
    let fail: (error: Error) => void = () => {};
    let returned = 0;
    const events = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise<IteratorResult<ServerSentEvent>>((resolve, reject) => {
            send = resolve;
            fail = reject;
          }),
        return: async () => {
          returned++;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const { body } = serverSentEvents(events, { clock, ...options });
    const parts = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const next = async () => {
      const { done, value } = await parts.next();
      return done ? undefined : Buffer.from(value).toString();
    };
    return {
      ...{ clock, parts, next },
      send: (data: string) => send({ done: false, value: { data } }),
      end: () => send({ done: true, value: undefined }),
      fail: (error: Error) => fail(error),
      returned: () => returned,
    };
  }

  it("is a comment after each 15 s without an event", async () => {
    const { clock, next, send, end } = opened();
    for (let i = 0; i < 3; i++) {
      const part = next();
      await clock.advance(15_000);
      expect(await part).toBe(": heartbeat\n\n");
    }
    const first = next();
    await clock.advance(14_999);
    send("a");
    expect(await first).toBe("data: a\n\n");
    expect(clock.pending).toBe(0);
    const second = next();
    await clock.advance(14_999);
    end();
    expect(await second).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("loses no event that comes between two parts, and no error", async () => {
    const { clock, next, send, fail } = opened({ heartbeatMs: 10 });
    const silence = next();
    await clock.advance(10);
    expect(await silence).toBe(": heartbeat\n\n");
    send("a");
    expect(await next()).toBe("data: a\n\n");
    const failing = expect(next()).rejects.toThrow("gone");
    fail(new Error("gone"));
    await failing;
  });

  it("ends with the stream, also while nothing comes, and can be turned off", async () => {
    const { clock, next, parts, returned } = opened();
    const part = next();
    await parts.return?.();
    expect(await part).toBeUndefined();
    expect([returned(), clock.pending]).toEqual([1, 0]);
    const silent = opened({ heartbeatMs: 0 });
    const event = silent.next();
    expect(silent.clock.pending).toBe(0);
    silent.send("a");
    expect(await event).toBe("data: a\n\n");
  });
});
