import { afterEach, beforeEach, expect, it } from "vitest";
import type { CallStart, Observer, Protocol } from "../src/index.js";
import { gate } from "./fixture-platform.js";
import { ORDER, ordered } from "./ordered-observer.js";
import { ThreadsWorld } from "./threads-world.js";
import { World } from "./world.js";

let world: World;
beforeEach(async () => {
  world = await World.create();
  await world.publish("m", 1);
});
afterEach(() => world[Symbol.asyncDispose]());

it("OS1 observe is called once in each event loop before anything is served, first in the main thread", async () => {
  const memory = new SharedArrayBuffer(8);
  const cells = new Int32Array(memory);
  let whenListening = 0;
  const beforeStart = () => {
    whenListening = Atomics.load(cells, ORDER.observed);
  };
  await using _ = await ThreadsWorld.start({ observers: [ordered(memory)], beforeStart });
  expect(Atomics.load(cells, ORDER.main)).toBe(1);
  expect(whenListening).toBe(3);
  expect(Atomics.load(cells, ORDER.observed)).toBe(3);
});

/** An observer that writes the begin and the end of each call, and its disposal. */
function writing(log: string[], starts: CallStart[] = []): Observer {
  const begin = (call: CallStart) => {
    starts.push(call);
    log.push(`begin ${call.api}`);
    return {
      ...{ running() {}, ran() {} },
      end: () => log.push(`end ${call.api}`),
    };
  };
  const dispose = async () => void log.push("disposed");
  return {
    name: "writing",
    observe: () => ({ begin, [Symbol.asyncDispose]: dispose }),
  };
}

/** A protocol that calls under a name which it declares, and under one that it does not. */
function calling(log: string[]): Protocol {
  return {
    name: "calling",
    apis: ["Declared"],
    http: (core) => [
      {
        method: "GET",
        path: "/call/:api",
        async handle({ params: { api = "" } }) {
          const encode = () => {
            log.push(`encode ${api}`);
            return Buffer.from("{}");
          };
          const call = { api, servable: { name: "m" }, run: () => undefined, encode };
          return { status: 200, body: await core.call(call) };
        },
      },
    ],
  };
}

it("OS2 each call is begun and ended once, after its answer was encoded; an undeclared api is (other)", async () => {
  const log: string[] = [];
  const starts: CallStart[] = [];
  const server = await world.serve(["m"], {
    protocols: [calling(log)],
    observers: [writing(log, starts)],
  });
  for (const api of ["Declared", "Unknown"]) {
    expect((await server.fetch(new Request(`http://a/call/${api}`))).status).toBe(200);
  }
  expect(log).toEqual([
    ...["begin Declared", "encode Declared", "end Declared"],
    ...["begin (other)", "encode Unknown", "end (other)"],
  ]);
  expect(starts.map(({ entrypoint }) => entrypoint)).toEqual(["calling/http", "calling/http"]);
});

it("OS3 observers are disposed, in their order, when the last call has ended", async () => {
  await world.publish("slow", 1, { waits: true });
  const log: string[] = [];
  const second: Observer = {
    name: "second",
    observe: () => ({ [Symbol.asyncDispose]: async () => void log.push("second disposed") }),
  };
  const server = await world.serve(["slow"], { observers: [writing(log), second] });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  const body = '{"instances":[1]}';
  const url = `http://127.0.0.1:${port}/v1/models/slow:predict`;
  const answer = fetch(url, { method: "POST", body });
  while (gate.waiting.size === 0) await new Promise((resolve) => setImmediate(resolve));
  const closed = server.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(log).toEqual(["begin Predict"]);
  gate.open();
  expect((await answer).status).toBe(200);
  await closed;
  expect(log).toEqual(["begin Predict", "end Predict", "disposed", "second disposed"]);
});
