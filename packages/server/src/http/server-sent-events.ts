import { type Clock, systemClock } from "@serving-kit/core";
import type { HttpAnswer } from "../plugins/protocol.js";

/** One server-sent event. */
export interface ServerSentEvent {
  /** The data. A value that is not a string is written as JSON. */
  readonly data: unknown;
  /** The type of the event. Default `message`. */
  readonly event?: string;
  /** The id that a reconnecting client sends as `Last-Event-ID`. */
  readonly id?: string;
}

/** Options for `serverSentEvents`. */
export interface ServerSentEventsOptions {
  /**
   * Time in ms without an event after which a comment is sent, which clients ignore: proxies close silent
   * connections, and only a write detects a disconnected client. Default 15,000. 0 disables it.
   */
  readonly heartbeatMs?: number | undefined;
  /** The clock of the heartbeat, usually that of the server. Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

const HEARTBEAT_MS = 15_000;

/**
 * Returns the response of a route that sends events as they occur, in the format `text/event-stream` of the HTML
 * standard. It ends with the iteration.
 */
export function serverSentEvents(
  events: AsyncIterable<ServerSentEvent>,
  options: ServerSentEventsOptions = {},
): HttpAnswer {
  return {
    status: 200,
    contentType: "text/event-stream",
    headers: { "Cache-Control": "no-store", "X-Accel-Buffering": "no" },
    body: { [Symbol.asyncIterator]: () => new EventStream(events, options) },
  };
}

const HEARTBEAT = Buffer.from(": heartbeat\n\n");
const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Yields the events as bytes, and a heartbeat if there was no event for a while. */
class EventStream implements AsyncIterator<Uint8Array> {
  readonly #events: AsyncIterator<ServerSentEvent>;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  /** The pending next event, once it was requested. */
  #event: Promise<IteratorResult<ServerSentEvent>> | undefined;
  #hasArrived = false;
  #hasEnded = false;
  #wake = () => {};

  constructor(
    events: AsyncIterable<ServerSentEvent>,
    { clock = systemClock, heartbeatMs = HEARTBEAT_MS }: ServerSentEventsOptions,
  ) {
    this.#events = events[Symbol.asyncIterator]();
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    this.#event ??= this.#request();
    if (!this.#hasArrived && !this.#hasEnded) await this.#eventOrSilence();
    if (this.#hasEnded) return END;
    if (!this.#hasArrived) return { done: false, value: HEARTBEAT };
    const { done, value } = await this.#event;
    this.#event = undefined;
    this.#hasArrived = false;
    return done ? END : { done: false, value: bytesOf(value) };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#hasEnded = true;
    this.#wake();
    await this.#events.return?.();
    return END;
  }

  #request(): Promise<IteratorResult<ServerSentEvent>> {
    const event = this.#events.next();
    const arrive = () => {
      this.#hasArrived = true;
      this.#wake();
    };
    event.then(arrive, arrive);
    return event;
  }

  #eventOrSilence(): Promise<void> {
    return new Promise((resolve) => {
      const timer =
        this.#heartbeatMs > 0 ? this.#clock.setTimeout(resolve, this.#heartbeatMs) : undefined;
      this.#wake = () => {
        timer?.[Symbol.dispose]();
        resolve();
      };
    });
  }
}

function bytesOf({ data, event, id }: ServerSentEvent): Uint8Array {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  const fields = [
    ...(event === undefined ? [] : [`event: ${oneLine(event)}`]),
    ...(id === undefined ? [] : [`id: ${oneLine(id)}`]),
    ...text.split(/\r\n|\r|\n/).map((line) => `data: ${line}`),
  ];
  return Buffer.from(`${fields.join("\n")}\n\n`);
}

/** Removes line breaks, which would start another field. */
const oneLine = (text: string) => text.replace(/[\r\n\0]/g, " ");
