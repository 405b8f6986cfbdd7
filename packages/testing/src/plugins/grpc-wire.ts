import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { CODES, type Code } from "@serving-kit/core";
import type { SentGrpc } from "./protocol-options.js";

/** The outcome of a gRPC call. */
export interface ReceivedGrpc {
  readonly code: Code | "OK" | undefined;
  readonly message: string;
  /** The messages of the response, in order. */
  readonly messages: readonly Uint8Array[];
}

const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code as number, name as Code]));

/** A gRPC client over HTTP/2 that shows when parts arrive, and reads none until requested. */
export class GrpcWire implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on("error", () => {});
  }

  /** Sends a call with one message. */
  send(sent: SentGrpc, timeoutMs?: number): ClientHttp2Stream {
    const stream = this.request(sent, timeoutMs);
    stream.end(framed(sent.message));
    return stream;
  }

  /** Sends the headers of a call. The caller writes its messages. */
  request(
    { service, method }: Pick<SentGrpc, "service" | "method">,
    timeoutMs?: number,
    encoding?: string,
  ): ClientHttp2Stream {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": `/${service}/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      ...(timeoutMs !== undefined && { "grpc-timeout": `${timeoutMs}m` }),
      ...(encoding !== undefined && { "grpc-encoding": encoding }),
    });
    stream.on("error", () => {});
    return stream;
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

/** Frames a message for a call. */
export const framed = (message: Uint8Array, isCompressed = false): Buffer =>
  Buffer.concat([prefix(message.length, isCompressed), message]);

/** Returns the prefix of a message of this length. */
export function prefix(length: number, isCompressed = false): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = isCompressed ? 1 : 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** Cancels a call, like a client that disconnects. */
export function cancel(stream: ClientHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
}

/** Reads a call to its end. */
export function receivedGrpc(stream: ClientHttp2Stream): Promise<ReceivedGrpc> {
  const parts: Buffer[] = [];
  let status: string | undefined;
  let text = "";
  const read = (headers: Record<string, unknown>) => {
    if (headers["grpc-status"] === undefined) return;
    status = String(headers["grpc-status"]);
    text = decodeURIComponent(String(headers["grpc-message"] ?? ""));
  };
  stream.on("response", read).on("trailers", read);
  stream.on("data", (part: Buffer) => parts.push(part));
  return new Promise((resolve) => {
    stream.once("close", () => {
      const code = status === "0" ? "OK" : NAMES.get(Number(status));
      resolve({ code, message: text, messages: messagesOf(Buffer.concat(parts)) });
    });
  });
}

function messagesOf(bytes: Buffer): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
