import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FixtureProcess, type Memory } from "./fixture-process.js";
import { GrpcClient } from "./grpc-client.js";
import { callMalformed, sendGarbage } from "./malformed-grpc.js";
import { Random, sendMalformed } from "./malformed-rest.js";

/** The number of malformed requests, four fifths of them by REST. A thorough run sends 100,000. */
const COUNT = Number(process.env.SERVING_KIT_MALFORMED ?? 5_000);
const MIB = 2 ** 20;

let server: FixtureProcess;
beforeAll(async () => {
  server = await FixtureProcess.start();
}, 30_000);
afterAll(() => server?.[Symbol.dispose]());

/** Runs all with at most `limit` at a time. */
async function inParallel(limit: number, count: number, run: (i: number) => Promise<void>) {
  let next = 0;
  const work = async () => {
    for (let i = next++; i < count; i = next++) await run(i);
  };
  await Promise.all(Array.from({ length: limit }, work));
}

/** Memory after the first tenth and at the end: what was not freed would show. */
async function measured(count: number, run: (from: number, to: number) => Promise<void>) {
  const tenth = Math.ceil(count / 10);
  await run(0, tenth);
  const before = await server.memory();
  expect(before.errorsLogged).toEqual([]);
  await run(tenth, count);
  const after = await server.memory();
  expect(after.errorsLogged).toEqual([]);
  return { before, after };
}

function expectFlat({ before, after }: { before: Memory; after: Memory }, label: string): void {
  const grown = (key: "heapUsed" | "arrayBuffers" | "rss") => (after[key] - before[key]) / MIB;
  expect(grown("heapUsed"), "heap, MiB").toBeLessThan(3);
  expect(grown("arrayBuffers"), "array buffers, MiB").toBeLessThan(16);
  expect(grown("rss"), "RSS, MiB").toBeLessThan(64);
  if (process.env.SERVING_KIT_MALFORMED) {
    process.stdout.write(
      `${label}: heap ${(before.heapUsed / MIB).toFixed(1)} -> ${(after.heapUsed / MIB).toFixed(1)} MiB, ` +
        `RSS ${(before.rss / MIB).toFixed(0)} -> ${(after.rss / MIB).toFixed(0)} MiB\n`,
    );
  }
}

const isAnswering = async () => {
  const response = await fetch(`http://127.0.0.1:${server.restPort}/v1/models/m:predict`, {
    method: "POST",
    body: '{"instances":[1.0]}',
  });
  expect([response.status, await response.text()]).toEqual([200, '{"predictions":[2.5]}']);
};

describe(`${COUNT} malformed requests`, () => {
  it(
    "by REST are each answered, never with 5xx but 501, and leave nothing behind",
    async () => {
      const perConnection = 10;
      const statuses = new Map<number, number>();
      const send = async (connection: number) => {
        const answers = await sendMalformed(server.restPort, perConnection, new Random(connection));
        for (const { status, body } of answers) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status !== 200) expect(body).toMatch(/^(\{"error":".*"\})?$/s);
        }
      };
      const memory = await measured((COUNT * 0.8) / perConnection, async (from, to) => {
        await inParallel(16, to - from, (i) => send(from + i));
      });
      await isAnswering();
      const unforeseen = [...statuses.keys()].filter((status) => status >= 500 && status !== 501);
      expect(unforeseen).toEqual([]);
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 413, 431]));
      expectFlat(memory, `REST, ${JSON.stringify(Object.fromEntries(statuses))}`);
    },
    COUNT * 20,
  );

  it(
    "by gRPC each end with a status that was foreseen, and leave nothing behind",
    async () => {
      const perConnection = 50;
      const statuses = new Map<string, number>();
      const call = async (connection: number) => {
        const random = new Random(connection);
        for (const answer of await callMalformed(server.grpcPort, perConnection, random)) {
          statuses.set(answer, (statuses.get(answer) ?? 0) + 1);
        }
        await sendGarbage(server.grpcPort, random);
      };
      const memory = await measured((COUNT * 0.2) / perConnection, async (from, to) => {
        await inParallel(4, to - from, (i) => call(from + i));
      });
      const client = new GrpcClient(`127.0.0.1:${server.grpcPort}`);
      expect(await client.health("m")).toBe(1);
      client[Symbol.dispose]();
      expectFlat(memory, `gRPC, ${JSON.stringify(Object.fromEntries(statuses))}`);
      expect([...statuses.keys()]).toEqual(expect.arrayContaining(["3", "5", "12"]));
      expect([...statuses.keys()].filter((status) => /internal error/.test(status))).toEqual([]);
    },
    COUNT * 20,
  );
});
