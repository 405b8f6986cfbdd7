import type { HttpAnswer } from "../plugins/protocol.js";

/** One server-sent event. */
export interface ServerSentEvent {
  /** A value that is not a string is written as JSON. */
  readonly data: unknown;
  /** The type of the event. Default `message`. */
  readonly event?: string;
  /** What a client that reconnects sends as `Last-Event-ID`. */
  readonly id?: string;
}

/**
 * The answer of a route that sends events as they come, in the format `text/event-stream` of the HTML standard.
 * It ends with the iteration.
 */
export function serverSentEvents(events: AsyncIterable<ServerSentEvent>): HttpAnswer {
  return {
    status: 200,
    contentType: "text/event-stream",
    headers: { "Cache-Control": "no-store", "X-Accel-Buffering": "no" },
    body: written(events),
  };
}

async function* written(events: AsyncIterable<ServerSentEvent>): AsyncIterable<Uint8Array> {
  for await (const { data, event, id } of events) {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    const fields = [
      ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
      ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
      ...text.split(/\r\n|\r|\n/).map((line) => `data: ${line}`),
    ];
    yield Buffer.from(`${fields.join("\n")}\n\n`);
  }
}

/** A line break would start another field. */
const oneLine = (text: string) => text.replace(/[\r\n\0]/g, " ");
