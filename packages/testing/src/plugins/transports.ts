import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { ClientHttp2Stream } from "node:http2";
import { type Code, HTTP_STATUS } from "@serving-kit/core";
import type { Tensors } from "@serving-kit/inference";
import { cancel, GrpcWire, receivedGrpc } from "./grpc-wire.js";
import { received, responseOf, send } from "./http-wire.js";
import type {
  GrpcSubject,
  HttpSubject,
  PageSubject,
  ProtocolPredict,
  SentGrpc,
  SentHttp,
  TransportSubject,
} from "./protocol-options.js";

/** The answer to a request, in terms of no transport. */
export interface Answered {
  readonly isOk: boolean;
  /** The status as the transport has it. */
  readonly status: string;
  /** The message of a failure, or why it cannot be read. */
  readonly message: string;
  outputs(): Tensors;
}

/** A request whose answer is not read to its end. */
export interface Opened {
  /** Resolves when the first part of the answer has come, and reads no further. */
  firstPart(): Promise<void>;
  /** Reads the rest. Resolves when the server has ended the answer. Rejects if it was truncated. */
  ended(): Promise<void>;
  /** Ends the connection or call, as a client that has gone does. */
  leave(): void;
}

/** One transport of a protocol that listens, as its clients see it. */
export interface Transport extends Disposable {
  readonly name: "HTTP" | "gRPC";
  /** Whether predictions are made over it. */
  readonly predicts: boolean;
  readonly subject: Pick<TransportSubject<never, never>, "dtypes" | "hasSignatures">;
  /** Whether the answer to a prediction has a first part before its end. */
  predict(call: ProtocolPredict, options?: { readonly isDamaged?: boolean }): Promise<Answered>;
  /** Sends a prediction without a body that makes sense. */
  garbage(call: ProtocolPredict, bytes: Uint8Array): Promise<Answered>;
  /** Sends a prediction and reads nothing of the answer. */
  open(call: ProtocolPredict): Opened;
  /** Sends the request of the stream. Undefined if the protocol has none. */
  stream(): Opened | undefined;
  /** The status of a code. */
  statusOf(code: Code): string;
}

/** How long a call over gRPC has, in ms: long enough for any test. */
export const GRPC_TIMEOUT_MS = 60_000;

/** What stands in a subject that makes no predictions. */
const NO_PREDICTIONS: HttpSubject = {
  dtypes: [],
  predict: () => assert.fail("expected a subject with predict"),
  outputs: () => assert.fail("expected a subject with outputs"),
  message: () => assert.fail("expected a subject with message"),
};

/** A protocol over HTTP. */
export class HttpTransport implements Transport {
  readonly name = "HTTP";
  readonly predicts: boolean;
  readonly subject: HttpSubject;
  readonly #port: number;
  readonly #open = new Set<ClientRequest>();

  constructor(subject: HttpSubject | PageSubject, port: number) {
    this.predicts = subject.predict !== undefined;
    this.subject = { ...NO_PREDICTIONS, ...(subject as HttpSubject) };
    this.#port = port;
  }

  predict(call: ProtocolPredict, { isDamaged = false } = {}): Promise<Answered> {
    const sent = this.subject.predict(call);
    return this.#answer(isDamaged ? (this.subject.damage?.(sent) ?? sent) : sent, call);
  }

  garbage(call: ProtocolPredict, bytes: Uint8Array): Promise<Answered> {
    return this.#answer({ ...this.subject.predict(call), body: bytes }, call);
  }

  /** Sends the headers of a prediction, and never its body. */
  withheld(call: ProtocolPredict): Promise<Answered> {
    return this.#answer(this.subject.predict(call), call, true);
  }

  open(call: ProtocolPredict): Opened {
    return this.#opened(this.subject.predict(call));
  }

  stream(): Opened | undefined {
    return this.subject.stream && this.#opened(this.subject.stream);
  }

  statusOf(code: Code): string {
    return String(HTTP_STATUS[code]);
  }

  [Symbol.dispose](): void {
    for (const sending of this.#open) sending.destroy();
  }

  async #answer(sent: SentHttp, call: ProtocolPredict, holdsBody = false): Promise<Answered> {
    const sending = this.#send(sent, holdsBody);
    const answer = await received(await responseOf(sending));
    const { status } = answer;
    return {
      isOk: status >= 200 && status < 300,
      status: String(status),
      message: read(() => this.subject.message(answer)),
      outputs: () => this.subject.outputs(answer, call),
    };
  }

  #send(sent: SentHttp, holdsBody = false): ClientRequest {
    const sending = send(this.#port, sent, holdsBody);
    this.#open.add(sending);
    sending.once("close", () => this.#open.delete(sending));
    return sending;
  }

  #opened(sent: SentHttp): Opened {
    const sending = this.#send(sent);
    const response = responseOf(sending);
    response.catch(() => {});
    return openedOf(response, () => sending.destroy());
  }
}

/** A protocol over gRPC. */
export class GrpcTransport implements Transport {
  readonly name = "gRPC";
  readonly predicts = true;
  readonly subject: GrpcSubject;
  readonly #wire: GrpcWire;

  constructor(subject: GrpcSubject, port: number) {
    this.subject = subject;
    this.#wire = new GrpcWire(port);
  }

  predict(call: ProtocolPredict, { isDamaged = false } = {}): Promise<Answered> {
    const sent = this.subject.predict(call);
    return this.#answer(isDamaged ? (this.subject.damage?.(sent) ?? sent) : sent, call);
  }

  garbage(call: ProtocolPredict, message: Uint8Array): Promise<Answered> {
    return this.#answer({ ...this.subject.predict(call), message }, call);
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

  async #answer(sent: SentGrpc, call: ProtocolPredict): Promise<Answered> {
    const { code, message, messages } = await receivedGrpc(this.#wire.send(sent, GRPC_TIMEOUT_MS));
    return {
      isOk: code === "OK",
      status: code ?? "none",
      message,
      outputs: () => this.subject.outputs(messages[0] ?? new Uint8Array(0), call),
    };
  }

  #opened(sent: SentGrpc): Opened {
    const stream = this.#wire.send(sent, GRPC_TIMEOUT_MS);
    return openedOf(Promise.resolve(stream), () => cancel(stream));
  }
}

function openedOf(answer: Promise<IncomingMessage | ClientHttp2Stream>, leave: () => void): Opened {
  return {
    leave,
    async firstPart() {
      const parts = await answer;
      if (!parts.readableLength) await once(parts, "readable");
    },
    async ended() {
      const parts = await answer;
      for await (const _ of parts as AsyncIterable<unknown>);
    },
  };
}

function read(message: () => string): string {
  try {
    return message();
  } catch (error) {
    return `(the suite's author could not read it: ${error})`;
  }
}
