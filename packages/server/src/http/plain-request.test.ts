import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { PlainRequests } from "./plain-request.js";

/** Returns the requests that node:http finds in bytes, with their bodies, and whether it rejects the bytes. */
async function parsedByNode(bytes: Buffer) {
  const requests: (Pick<IncomingMessage, "method" | "url" | "headers"> & { body: string })[] = [];
  let isRejected = false;
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url, headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString("latin1") });
      response.end();
    });
  });
  server.on("clientError", () => {
    isRejected = true;
  });
  const socket = new Duplex({ read() {}, write: (_, __, done) => done() });
  server.emit("connection", socket);
  socket.push(bytes);
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  return { requests, isRejected };
}

const parse = (text: string) => new PlainRequests().parse(Buffer.from(text, "latin1"));
const shown = (request: ReturnType<PlainRequests["parse"]>) =>
  typeof request === "string" ? request : { ...request, body: request.body.toString("latin1") };

const name = fc.constantFrom("Host", "Accept", "X-A", "x_b", "Content-Type", "traceparent", "Via");
const value = fc
  .string({ unit: fc.constantFrom(...'aZ9 \t,;=/"é'.split("")), maxLength: 12 })
  .map((one) => (one.length > 9 ? one : one.trim()));
const request = fc
  .record({
    method: fc.constantFrom("GET", "POST", "POST", "POST", "POST", "HEAD"),
    target: fc.constantFrom(
      "/",
      "/v1/models/m:predict",
      "/v1/models",
      "/a?b=%20c",
      "*",
      "http://a/b",
      "/é",
    ),
    version: fc.constantFrom("1.1", "1.1", "1.1", "1.1", "1.1", "1.0"),
    headers: fc.uniqueArray(fc.tuple(name, value), { maxLength: 5, selector: ([one]) => one }),
    more: fc.constantFrom(
      "",
      "",
      "",
      "Connection: close\r\n",
      "Connection: Keep-Alive\r\n",
      "TE: a\r\n",
    ),
    body: fc.string({ maxLength: 20 }),
  })
  .map(({ method, target, version, headers, more, body }) => {
    const lines = headers.map(([one, given]) => `${one}: ${given}\r\n`).join("");
    const length = method === "POST" ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : "";
    const sent = method === "POST" ? Buffer.from(body).toString("latin1") : "";
    return `${method} ${target} HTTP/${version}\r\n${lines}${length}${more}\r\n${sent}`;
  });

/** A request with parts that are replaced, removed or repeated. */
const mangled = fc
  .tuple(
    request,
    fc.array(
      fc.tuple(
        fc.nat(400),
        fc.nat(3),
        fc.constantFrom(..."\r|\n|\r\n|\0|:| |\t|,|-1|9|Content-Length: 3\r\n|a".split("|"), ""),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((one, [at, removed, added]) => {
      const place = at % (one.length + 1);
      return one.slice(0, place) + added + one.slice(place + removed);
    }, text),
  );

it("accepts only what node:http parses to the same one request", async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(request, mangled), async (text) => {
      const plain = shown(parse(text));
      if (typeof plain === "string") return;
      accepted++;
      const { requests, isRejected } = await parsedByNode(Buffer.from(text, "latin1"));
      expect(isRejected).toBe(false);
      const { method, target: url, headers, body } = plain;
      expect(requests).toEqual([{ method, url, headers, body }]);
    }),
    { numRuns: 3_000 },
  );
  expect(accepted).toBeGreaterThan(300);
});

it("parses a repeated head as a new one, whatever the lengths", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(request, mangled), { minLength: 2, maxLength: 4 }), (texts) => {
      const requests = new PlainRequests();
      for (const text of [...texts, ...texts]) {
        const longer = text.replace(/Content-Length: (\d+)/, (_, n) => `Content-Length: ${n}0`);
        for (const one of [text, `${text}x`, longer, `${longer}${"y".repeat(200)}`]) {
          expect(shown(requests.parse(Buffer.from(one, "latin1")))).toEqual(shown(parse(one)));
        }
      }
    }),
    { numRuns: 500 },
  );
});

const post = (length: string, headers = "") =>
  `POST /v1/models/m:predict HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${headers}\r\n`;

it.each([
  ["an incomplete body", `${post("3")}ab`, "incomplete"],
  ["a body and the next request", `${post("3")}abcPOST`, "other"],
  ["a body that is too long for one read", post("65536"), "other"],
  ["no length", "POST / HTTP/1.1\r\n\r\n", "other"],
  ["two lengths", post("3", "Content-Length: 3\r\n"), "other"],
  ["a signed length", `${post("+3")}abc`, "other"],
  ["a length with a leading zero", `${post("03")}abc`, "other"],
  ["chunks", post("3", "Transfer-Encoding: chunked\r\n"), "other"],
  ["GET with a body", "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\na", "other"],
  ["a folded header", post("0", "X: a\r\n b\r\n"), "other"],
  ["a line feed alone", post("0", "X: a\n"), "other"],
  ["a header named as a property of objects", post("0", "__proto__: a\r\n"), "other"],
  ["headers without an end", `GET / HTTP/1.1\r\nX: ${"a".repeat(9_000)}\r\n\r\n`, "other"],
  ["headers that are not complete", "GET / HTTP/1.1\r\nX: a\r\n", "other"],
])("leaves %s to node:http, or waits for the rest", (_, text, expected) => {
  expect(parse(text)).toBe(expected);
});
