import { once } from "node:events";
import { Client, credentials } from "@grpc/grpc-js";
import { ServingError } from "@serving-kit/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GrpcMethod, ModelServer, Protocol, ServerCore } from "../src/index.js";
import { World } from "./world.js";

let world: World;
let server: ModelServer;
let client: Client;
let made: number;
let ended: Promise<void>;
beforeEach(async () => {
  world = await World.create();
  made = 0;
  let onEnd = () => {};
  ended = new Promise((resolve) => {
    onEnd = resolve;
  });
  server = await world.serve([], { startUpPolicy: "none", protocols: [lines(() => onEnd())] });
  const { port } = await server.listenGrpc({ port: 0 });
  client = new Client(`localhost:${port}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await world[Symbol.asyncDispose]();
});

const same = (bytes: Buffer) => bytes;
const path = (method: string) => `/test.Lines/${method}`;

/** A service with a method of each kind. */
function lines(onEnd: () => void): Protocol {
  async function* upper(requests: AsyncIterable<Uint8Array>) {
    for await (const request of requests) yield Buffer.from(String(request).toUpperCase());
  }
  async function* live(core: ServerCore, signal: AbortSignal | undefined) {
    try {
      for await (const _ of core.stateChanges({ signal })) yield Buffer.from("now");
    } finally {
      onEnd();
    }
  }
  async function* many() {
    try {
      for (;;) {
        made++;
        yield Buffer.alloc(65_536);
      }
    } finally {
      onEnd();
    }
  }
  async function* broken() {
    yield Buffer.from("first");
    throw new ServingError("NOT_FOUND", "LINE_MISSING", "no second line");
  }
  const methods = (core: ServerCore): Record<string, GrpcMethod> => ({
    Join: {
      kind: "clientStream",
      async handle(requests) {
        const parts: string[] = [];
        for await (const request of requests) parts.push(String(request));
        return Buffer.from(parts.join("+"));
      },
    },
    First: {
      kind: "clientStream",
      async handle(requests) {
        for await (const request of requests) return request;
        return Buffer.alloc(0);
      },
    },
    Upper: { kind: "bidiStream", handle: upper },
    Live: { kind: "serverStream", handle: (_request, { signal }) => live(core, signal) },
    Many: { kind: "serverStream", handle: many },
    Broken: { kind: "serverStream", handle: broken },
    Fails: {
      kind: "unary",
      handle() {
        throw new Error("a secret");
      },
    },
  });
  return {
    name: "lines",
    apis: [],
    grpc: (core) => [{ name: "test.Lines", methods: methods(core) }],
  };
}

const open = (method: string) =>
  client.makeServerStreamRequest(path(method), same, same, Buffer.alloc(0));

describe("gRPC methods of a protocol", () => {
  it.each([
    ["Join", "a+b+c"],
    ["First", "a"],
  ])("take a stream (%s)", async (method, expected) => {
    const answer = await new Promise((resolve, reject) => {
      const call = client.makeClientStreamRequest(path(method), same, same, (error, bytes) =>
        error ? reject(error) : resolve(String(bytes)),
      );
      for (const part of ["a", "b", "c"]) call.write(Buffer.from(part));
      if (method === "Join") call.end();
    });
    expect(answer).toBe(expected);
  });

  it("accept and answer a stream, message by message", async () => {
    const call = client.makeBidiStreamRequest(path("Upper"), same, same);
    for (const part of ["a", "b"]) {
      call.write(Buffer.from(part));
      expect(String((await once(call, "data"))[0])).toBe(part.toUpperCase());
    }
    call.end();
    expect((await once(call, "status"))[0]).toMatchObject({ code: 0 });
  });

  it("answer an error after some messages", async () => {
    const call = open("Broken");
    const failed = once(call, "error");
    expect(String((await once(call, "data"))[0])).toBe("first");
    expect((await failed)[0]).toMatchObject({ code: 5, details: "no second line" });
  });

  it("PS8 answer an unexpected error without its message", async () => {
    const answer = new Promise((_, reject) => {
      client.makeUnaryRequest(path("Fails"), same, same, Buffer.alloc(0), reject);
    });
    await expect(answer).rejects.toMatchObject({ code: 13 });
    await expect(answer).rejects.not.toThrow("secret");
  });

  it("make no more than the client takes, and end when it goes", async () => {
    const call = open("Many");
    call.on("error", () => {});
    await once(call, "readable");
    const before = made;
    await server.fetch(new Request("http://a/")); // anything that takes a few turns
    call.cancel();
    await ended;
    // 64 messages are the window of a call: nobody has read one.
    expect(made).toBeLessThan(before + 128);
  });

  it("end a stream without an end when the server closes", async () => {
    const call = open("Live");
    const over = once(call, "status");
    expect(String((await once(call, "data"))[0])).toBe("now");
    await server.close();
    expect((await over)[0]).toMatchObject({ code: 0 });
    await ended;
  });

  it("end it at the deadline of the client", async () => {
    let isAnswered = false;
    // Until an answer comes before the deadline, on a machine however slow.
    for (let ms = 300; !isAnswered; ms *= 2) {
      const deadline = Date.now() + ms; // no Clock: the client's
      const call = client.makeServerStreamRequest(path("Live"), same, same, Buffer.alloc(0), {
        deadline,
      });
      const failed = once(call, "error");
      call.on("data", () => {
        isAnswered = true;
      });
      expect((await failed)[0]).toMatchObject({ code: 4 });
    }
    await ended;
  });
});
