import assert from "node:assert/strict";
import type { GrpcMethod, Protocol } from "@serving-kit/server";
import type { Tests } from "../suite.js";
import type { ProtocolKit } from "./protocol-kit.js";
import type { StageOptions } from "./protocol-stage.js";
import type { Opened, Transport } from "./transports.js";
import { wrapProtocol } from "./wrap-protocol.js";

/** The clauses about streams without an end of their own: PR10. */
export function streamClauses(kit: ProtocolKit): Tests {
  const { http, grpc } = kit.options;
  if (!http?.stream && !grpc?.stream) {
    return { "PR10 streams end (no stream was given: nothing is tested)": async () => {} };
  }
  return {
    "PR10 a stream ends when its client has gone": async () => {
      const streams = new Streams();
      await kit.overAll(async (transport) => {
        const stream = await opened(kit, transport);
        if (stream === undefined) return;
        stream.leave();
        await kit.until(() => streams.open === 0, `the stream over ${transport.name} to end`);
      }, streams.watched)();
      assert.ok(streams.begun > 0, "expected streams");
    },

    "PR10 a stream ends when the server closes": kit.staged(async (stage) => {
      const streams: Opened[] = [];
      for (const transport of stage.transports) {
        const stream = await opened(kit, transport);
        if (stream) streams.push(stream);
      }
      const ends = Promise.all(streams.map((stream) => stream.ended()));
      const closed = stage.server?.close({ deadlineMs: 2 * kit.timeoutMs });
      await kit.within(ends, "streams that end when the server closes");
      for (const transport of stage.transports) transport[Symbol.dispose]();
      if (closed !== undefined) await kit.within(closed, "the server to close");
    }),
  };
}

async function opened(kit: ProtocolKit, transport: Transport): Promise<Opened | undefined> {
  const stream = transport.stream();
  const part = stream && kit.within(stream.firstPart(), `a first part over ${transport.name}`);
  await part;
  return stream;
}

type Parts = AsyncIterable<Uint8Array>;

/** Counts the streams of a protocol whose generators have not finished. */
class Streams {
  begun = 0;
  open = 0;

  /** Returns options for a stage whose protocol's streams are counted. */
  get watched(): StageOptions {
    return { wrap: (protocol) => this.#wrap(protocol) };
  }

  #wrap(protocol: Protocol): Protocol {
    return wrapProtocol(protocol, {
      route: (route) => ({
        ...route,
        handle: async (request) => {
          const answer = await route.handle(request);
          const { body } = answer;
          return body instanceof Uint8Array ? answer : { ...answer, body: this.#watch(body) };
        },
      }),
      method: (method) => this.#method(method),
    });
  }

  #method(method: GrpcMethod): GrpcMethod {
    if (method.kind === "serverStream") {
      return {
        kind: "serverStream",
        handle: (request, context) => this.#watch(method.handle(request, context)),
      };
    }
    if (method.kind === "bidiStream") {
      return {
        kind: "bidiStream",
        handle: (requests, context) => this.#watch(method.handle(requests, context)),
      };
    }
    return method;
  }

  /**
   * Wraps a stream. It has finished when its last `next` has settled or, after `return` was called, when `return` has.
   */
  #watch(parts: Parts): Parts {
    const own = parts[Symbol.asyncIterator]();
    let isOpen = true;
    let isReturned = false;
    this.begun++;
    this.open++;
    const end = () => {
      if (isOpen) this.open--;
      isOpen = false;
    };
    const next = async () => {
      try {
        const result = await own.next();
        if (result.done && !isReturned) end();
        return result;
      } catch (error) {
        if (!isReturned) end();
        throw error;
      }
    };
    const leave = async () => {
      isReturned = true;
      try {
        return (await own.return?.()) ?? { done: true as const, value: undefined };
      } finally {
        end();
      }
    };
    const iterator = { next, return: leave };
    return { [Symbol.asyncIterator]: () => iterator };
  }
}
