import type { ClientHttp2Stream } from "node:http2";
import type { Code } from "@serving-kit/core";
import { cancel, framed, GrpcWire, prefix, receivedGrpc } from "./grpc-wire.js";
import type { GrpcSubject, ProtocolPredict, SentGrpc } from "./protocol-options.js";
import {
  type Answered,
  compressedSpaces,
  type Opened,
  openedOf,
  type PredictionOptions,
  pump,
  type Transport,
} from "./transports.js";

/** Timeout of a gRPC call in ms: long enough for any test. */
const TIMEOUT_MS = 60_000;

/** A protocol over gRPC. */
export class GrpcTransport implements Transport {
  readonly name = "gRPC";
  readonly predicts = true;
  readonly subject: GrpcSubject;
  readonly port: number;
  readonly #wire: GrpcWire;

  constructor(subject: GrpcSubject, port: number) {
    this.subject = subject;
    this.port = port;
    this.#wire = new GrpcWire(port);
  }

  async predict(
    call: ProtocolPredict,
    { isDamaged = false, timeoutMs }: PredictionOptions = {},
  ): Promise<Answered> {
    const sent = this.subject.predict(call);
    const message = isDamaged ? (this.subject.damage?.(sent) ?? sent) : sent;
    return this.#answer(call, this.#send(message, timeoutMs));
  }

  async garbage(call: ProtocolPredict, message: Uint8Array): Promise<Answered> {
    return this.#answer(call, this.#send({ ...this.subject.predict(call), message }));
  }

  async bomb(call: ProtocolPredict): Promise<Answered> {
    const stream = this.#wire.request(this.subject.predict(call), TIMEOUT_MS, "gzip");
    stream.end(framed(compressedSpaces(), true));
    return this.#answer(call, stream);
  }

  async upload(call: ProtocolPredict, bytes: number): Promise<number> {
    const stream = this.#wire.request(this.subject.predict(call), TIMEOUT_MS);
    stream.resume().write(prefix(bytes));
    try {
      return await pump(stream, bytes);
    } finally {
      cancel(stream);
    }
  }

  open(call: ProtocolPredict): Opened {
    return this.#opened(this.subject.predict(call));
  }

  stream(): Opened | undefined {
    return this.subject.stream && this.#opened(this.subject.stream);
  }

  statusOf(code: Code): string {
    return code;
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]();
  }

  #send(sent: SentGrpc, timeoutMs = TIMEOUT_MS): ClientHttp2Stream {
    return this.#wire.send(sent, timeoutMs);
  }

  async #answer(call: ProtocolPredict, stream: ClientHttp2Stream): Promise<Answered> {
    const { code, message, messages } = await receivedGrpc(stream);
    return {
      isOk: code === "OK",
      status: code ?? "none",
      message,
      outputs: () => this.subject.outputs(messages[0] ?? new Uint8Array(0), call),
    };
  }

  #opened(sent: SentGrpc): Opened {
    const stream = this.#send(sent);
    return openedOf(Promise.resolve(stream), () => cancel(stream));
  }
}
