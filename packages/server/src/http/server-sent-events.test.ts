import { expect, it } from "vitest";
import { type ServerSentEvent, serverSentEvents } from "./server-sent-events.js";

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
