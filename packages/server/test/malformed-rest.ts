import { connect } from "node:net";
import { gzipSync } from "node:zlib";

/** A source of random choices that a seed repeats (mulberry32). */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  /** An integer from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }
  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
  /** Some bytes with a few of them changed, cut out or put in. */
  mangle(bytes: Uint8Array): Buffer {
    let mangled = Buffer.from(bytes);
    for (let i = 1 + this.below(4); i > 0; i--) {
      const at = this.below(mangled.length + 1);
      const noise = this.of([this.bytes(1), Buffer.alloc(0), Buffer.from(this.of(NOISE))]);
      mangled = Buffer.concat([
        mangled.subarray(0, at),
        noise,
        mangled.subarray(at + this.below(4)),
      ]);
    }
    return mangled;
  }
}

const NOISE = ["{", "}", "[", "]", '"', ",", ":", "\\", "\0", "é", "-", "1e999", "null", "\\ud800"];

/** Names that have harmed servers: of files, of prototypes, of nothing. */
const NAMES = [
  ...["m", "none", "__proto__", "constructor", "prototype", "toString", "hasOwnProperty", ""],
  ...["..", "%2e%2e", "..%2f..%2f..%2fetc%2fpasswd", "%00", "m%00", "%ff", "%", "%zz", "%c0%ae"],
  ...["m%2f1", "m/../m", "a".repeat(1_000), "%F0%9F%98%80", "m;x=1", "-1", "1e3", "NaN"],
];
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"];
const BODIES = [
  '{"instances":[1.0]}',
  '{"signature_name":"two","instances":[{"a":[1.5,-2e3],"b":7}]}',
  '{"inputs":{"x":[1,2,3]}}',
  '{"signature_name":"classify","examples":[{"x":[1]}],"context":{"y":"z"}}',
  '{"signature_name":"strings","instances":[{"b64":"aGk="},"text"]}',
  '{"signature_name":"__proto__","instances":[1]}',
  '{"signature_name":"constructor","inputs":{"__proto__":[1],"constructor":[2]}}',
  '{"instances":[{"__proto__":{"polluted":true}}]}',
  '{"__proto__":{"instances":[1]},"constructor":1}',
  '{"examples":[{"__proto__":[1]}],"signature_name":"regress"}',
  `{"instances":${"[".repeat(20_000)}`,
  `{"instances":${'{"a":'.repeat(5_000)}`,
  `{"instances":[${"9".repeat(5_000)}]}`,
  `{"instances":[1e${"9".repeat(400)}]}`,
  `{"signature_name":"${"s".repeat(9_000)}","instances":[1]}`,
  `{"signature_name":"strings","instances":[{"b64":"${"=".repeat(99)}"}]}`,
  "[]",
  "null",
  "",
  " ",
  "\ufeff",
];

function path(random: Random): string {
  if (random.below(2)) return "/v1/models/m:predict";
  const name = random.of(NAMES);
  const which = random.of(["", "", `/versions/${random.of(NAMES)}`, `/labels/${random.of(NAMES)}`]);
  const end = random.of([
    ":predict",
    ":predict",
    ":classify",
    ":regress",
    "",
    "/metadata",
    ":",
    "//",
  ]);
  const usual = `/v1/models/${name}${which}${end}`;
  return random.of([
    usual,
    usual,
    usual,
    `/v1//${name}`,
    `/v1/${name}`,
    `/${name}`,
    `${usual}?${name}`,
  ]);
}

const isToken = (text: string) => /^[\x21-\x7e]+$/.test(text);

/** A request whose frame is right, so that more can follow, and whose content most probably is not. */
function framed(random: Random): { method: string; text: Buffer } {
  const method = random.of([...METHODS, "POST", "POST", "POST", "POST", "POST", "POST"]);
  let body: Buffer = Buffer.from(random.of(BODIES));
  if (random.below(2)) body = random.mangle(body);
  const encoding = random.of(["", "", "", "", "gzip", "br", "identity", "x".repeat(200)]);
  if (encoding === "gzip" && random.below(2)) {
    body = gzipSync(random.of([body, Buffer.alloc(2_000_000)]));
  }
  let target = path(random);
  if (!isToken(target)) target = "/";
  const chunked = random.below(5) === 0 && body.length > 0;
  const head = [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    ...(encoding ? [`Content-Encoding: ${encoding}`] : []),
    ...(random.below(9) === 0 ? [`X-Large: ${"x".repeat(8_000)}`] : []),
    ...(random.below(9) === 0 ? [`Content-Type: ${random.of(NOISE.slice(0, 8))}`] : []),
    ...(random.below(9) === 0 ? ["Expect: 100-continue"] : []),
    ...(random.below(9) === 0 ? [`Origin: ${random.of(["null", "http://x", "file:///"])}`] : []),
    chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`,
  ].join("\r\n");
  const sent = chunked
    ? Buffer.concat([
        Buffer.from(`${body.length.toString(16)}\r\n`),
        body,
        Buffer.from("\r\n0\r\n\r\n"),
      ])
    : body;
  return { method, text: Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), sent]) };
}

/** Requests that are not HTTP, or that announce data which does not follow: none can follow them on a connection. */
function unframed(random: Random): Buffer {
  const target = "/v1/models/m:predict";
  const head = `POST ${target} HTTP/1.1\r\nHost: localhost\r\n`;
  return Buffer.from(
    random.of([
      random.bytes(1 + random.below(300)).toString("latin1"),
      `POST ${target} HTTP/1.1\r\n\r\n`,
      `POST ${target} HTTP/9.9\r\nHost: localhost\r\n\r\n`,
      `GET /v1/models/\xe9 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GARBAGE ${target}\r\n\r\n`,
      `GET ${"/x".repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: localhost\r\n${"A: b\r\n".repeat(5_000)}\r\n`,
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      `${head}Content-Length: 100\r\n\r\n{"inst`,
      `${head}Content-Length: -5\r\n\r\n{}`,
      `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}`,
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}`,
      `${head}Content-Length: 2000000\r\n\r\n{}`,
      `${head}Bad Header: x\r\n\r\n`,
      `${head}X: a\0b\r\n\r\n`,
      `CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `${head}Expect: nothing\r\nContent-Length: 2\r\n\r\n{}`,
      `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81`,
    ]),
    "latin1",
  );
}

/** An answer of the server. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends `count` malformed requests over one connection, one after the other without waiting, and gives
 * the answers. Throws when one that had to be answered was not, or the server does not hang up.
 */
export async function sendMalformed(
  port: number,
  count: number,
  random: Random,
): Promise<Answer[]> {
  const requests = Array.from({ length: count - 1 }, () => framed(random));
  const last = unframed(random);
  const socket = connect({ port, host: "127.0.0.1" });
  const methods = requests.map(({ method }) => method);
  let received: Buffer = Buffer.alloc(0);
  let isLastSent = false;
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    // What is not HTTP ends the connection, also for those that still wait for an answer.
    if (isLastSent || readAnswers(received, methods).length < requests.length) return;
    isLastSent = true;
    socket.end(last);
  });
  const pending = () => requests[readAnswers(received, methods).length]?.text ?? Buffer.alloc(0);
  const closed = new Promise<void>((resolve, reject) => {
    socket.setTimeout(15_000, () => {
      reject(
        new Error(
          `the server hangs on ${(isLastSent ? last : pending()).toString("latin1").slice(0, 900)}`,
        ),
      );
      socket.destroy();
    });
    socket.on("error", () => {}); // a reset after an answer
    socket.once("close", () => resolve());
  });
  for (const { text } of requests) socket.write(text);
  await closed;
  const answers = readAnswers(received, methods);
  const missing = requests[answers.length];
  if (missing) {
    const text = missing.text.toString("latin1").slice(0, 1_000);
    throw new Error(`no answer to request ${answers.length} of ${requests.length}: ${text}`);
  }
  return answers;
}

function readAnswers(bytes: Buffer, methods: readonly string[]): Answer[] {
  const answers: Answer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end === -1) break;
    const head = bytes.toString("latin1", at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new Error(`this is not an answer: ${head.slice(0, 300)}`);
    at = end + 4;
    if (status === 100) continue;
    const length =
      methods[answers.length] === "HEAD"
        ? 0
        : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (/\r\ntransfer-encoding: chunked/i.test(head)) at += "0\r\n\r\n".length; // Node's own 417, empty
    if (at + length > bytes.length) break;
    answers.push({ status, body: bytes.toString("utf8", at, at + length) });
    at += length;
  }
  return answers;
}
