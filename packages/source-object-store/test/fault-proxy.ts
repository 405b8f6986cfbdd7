import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A fault of a request's answer: its connection is closed after some bytes of the body; it is 503 SlowDown; one bit of
 * its body is flipped; nothing is answered; or its body comes a byte at a time.
 */
export type Fault = "cut" | "slow-down" | "flip" | "black-hole" | "slow";

/** An HTTP proxy in front of a store, which fails on purpose. */
export class FaultProxy implements AsyncDisposable {
  /** The faults of the next requests of bodies, in order. */
  readonly faults: Fault[] = [];
  /** Closes each connection at once, as a store that is down does. */
  isDown = false;
  /** The number of requests without a response. */
  open = 0;
  readonly #upstream: string;
  readonly #server = createServer((from, to) => this.#pass(from, to));

  private constructor(upstream: string) {
    this.#upstream = upstream;
  }

  /** Starts a proxy of an endpoint on a free port. */
  static async start(upstream: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(from: IncomingMessage, to: ServerResponse): void {
    if (this.isDown) {
      from.socket.destroy();
      return;
    }
    const isBody = from.method === "GET" && !from.url?.includes("list-type");
    const fault = isBody ? this.faults.shift() : undefined;
    this.open++;
    to.once("close", () => this.open--);
    if (fault === "black-hole") return;
    if (fault === "slow-down") {
      to.writeHead(503, { "content-type": "application/xml" });
      to.end(
        '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Slow down.</Message></Error>',
      );
      return;
    }
    const { method, headers } = from;
    const upstream = request(this.#upstream, { method, headers, path: from.url }, (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      void send(answer, to, fault);
    });
    upstream.on("error", () => to.destroy());
    to.once("close", () => upstream.destroy());
    from.pipe(upstream);
  }
}

async function send(
  answer: IncomingMessage,
  to: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) {
      if (fault === undefined) {
        if (!to.write(chunk)) await new Promise((resolve) => to.once("drain", resolve));
      } else chunks.push(chunk as Buffer);
    }
  } catch {
    to.destroy();
    return;
  }
  const body = Buffer.concat(chunks);
  if (fault === "flip") body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
  if (fault === "cut") {
    to.write(body.subarray(0, body.length >> 1), () => to.destroy());
    return;
  }
  if (fault === "slow") {
    for (const byte of body) {
      to.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    to.end();
    return;
  }
  to.end(body);
}
