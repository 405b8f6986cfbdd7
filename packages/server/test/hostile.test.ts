import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { World } from "./world.js";

let world: World;
let base: string;
const LIMIT = 100_000;

beforeAll(async () => {
  world = await World.create();
  await world.publish("m", 1);
  const server = await world.serve(["m"], { rest: { maxBodyBytes: LIMIT } });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  base = `http://127.0.0.1:${port}`;
});
afterAll(() => world[Symbol.asyncDispose]());

const post = (body: string | Uint8Array, headers = {}, path = "/v1/models/m:predict") =>
  fetch(base + path, { method: "POST", body, headers });
const isAnswering = async () => {
  const response = await post('{"instances":[1.0]}');
  expect([response.status, await response.text()]).toEqual([200, '{"predictions":[2.5]}']);
};

it("answers every mangled body with 4xx and an error, and continues", async () => {
  const body = '{"signature_name":"two","instances":[{"a":[1.5,-2e3],"b":7},{"b":8,"a":[NaN,1]}]}';
  const mangled = fc.array(
    fc.tuple(
      fc.nat(body.length - 1),
      fc.nat(3),
      fc.constantFrom("", "{", "}", "[", "]", '"', ",", ":", "0", "\\", "\0", "é"),
    ),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(mangled, async (cuts) => {
      let text = body;
      for (const [at, length, noise] of cuts)
        text = text.slice(0, at) + noise + text.slice(at + length);
      const response = await post(text);
      const answer = await response.text();
      expect([200, 400]).toContain(response.status);
      if (response.status === 400) expect(typeof JSON.parse(answer).error).toBe("string");
    }),
    { numRuns: 300 },
  );
  await isAnswering();
});

it("answers every mangled path with 4xx, and opens no file by a name", async () => {
  const paths = [
    "/v1/models/..%2f..%2fetc%2fpasswd",
    "/v1/models/%00",
    "/v1/models/__proto__",
    "/v1/models/constructor/versions/1",
    "/v1/models/m/versions/-1",
    "/v1/models//",
    "/v1/models/m/labels/",
    "/v1//models/m",
    `/v1/models/${"a".repeat(5_000)}`,
  ];
  for (const path of paths) {
    const response = await fetch(base + path);
    expect(response.status, path).toBeGreaterThanOrEqual(400);
    expect(response.status, path).toBeLessThan(500);
    expect(typeof ((await response.json()) as { error: unknown }).error).toBe("string");
  }
  const response = await post('{"instances":[1]}', {}, "/v1/models/__proto__:predict");
  expect(response.status).toBe(404);
  await isAnswering();
});

it("PS7 rejects bodies beyond the limit with 413: announced, in chunks, and inflated", async () => {
  const large = "x".repeat(50 * LIMIT);
  const announced = await post(large);
  expect(announced.status).toBe(413);
  expect(await announced.json()).toEqual({
    error: expect.stringContaining(`limit of ${LIMIT} bytes`),
  });
  const chunked = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 3; i++)
        controller.enqueue(new TextEncoder().encode(large.slice(0, LIMIT / 2)));
      controller.close();
    },
  });
  const init = { method: "POST", body: chunked, duplex: "half" } as RequestInit;
  expect((await fetch(`${base}/v1/models/m:predict`, init)).status).toBe(413);
  const bomb = gzipSync(Buffer.alloc(LIMIT * 100));
  expect(bomb.length).toBeLessThan(LIMIT);
  expect((await post(bomb, { "Content-Encoding": "gzip" })).status).toBe(413);
  await isAnswering();
});

it("answers non-HTTP input with 400 in the API's form, and slow headers cost nothing", async () => {
  const { port } = new URL(base);
  const slow = connect(Number(port), "127.0.0.1");
  slow.write("POST /v1/models/m:predict HTTP/1.1\r\nHost:");
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
    socket.write("this is not HTTP\r\n\r\n");
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(answer).toContain('{"error":"Bad Request"}');
  await isAnswering();
  slow.destroy();
});
