import assert from "node:assert/strict";
import type { ClientRequest } from "node:http";
import { connect } from "node:net";
import { type Code, HTTP_STATUS } from "@serving-kit/core";
import { received, responseOf, send } from "./http-wire.js";
import type { HttpSubject, PageSubject, ProtocolPredict, SentHttp } from "./protocol-options.js";
import {
  type Answered,
  compressedSpaces,
  type Opened,
  openedOf,
  type PredictionOptions,
  pump,
  type Transport,
} from "./transports.js";

/** The placeholder for a subject that makes no predictions. */
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
  readonly port: number;
  readonly #open = new Set<ClientRequest>();

  constructor(subject: HttpSubject | PageSubject, port: number) {
    this.predicts = subject.predict !== undefined;
    this.subject = { ...NO_PREDICTIONS, ...(subject as HttpSubject) };
    this.port = port;
  }

  predict(call: ProtocolPredict, { isDamaged = false }: PredictionOptions = {}): Promise<Answered> {
    const sent = this.subject.predict(call);
    return this.#answer(isDamaged ? (this.subject.damage?.(sent) ?? sent) : sent, call);
  }

  garbage(call: ProtocolPredict, bytes: Uint8Array): Promise<Answered> {
    return this.#answer({ ...this.subject.predict(call), body: bytes }, call);
  }

  bomb(call: ProtocolPredict): Promise<Answered> {
    const sent = this.subject.predict(call);
    const headers = { ...sent.headers, "content-encoding": "gzip" };
    return this.#answer({ ...sent, headers, body: compressedSpaces() }, call);
  }

  async upload(call: ProtocolPredict, bytes: number): Promise<number> {
    const { path } = this.subject.predict(call);
    const socket = connect({ host: "127.0.0.1", port: this.port });
    socket.on("error", () => {}).resume();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`);
    try {
      return await pump(socket, bytes);
    } finally {
      socket.destroy();
    }
  }

  /** Sends the headers of a prediction without ever sending its body. */
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
    const sending = send(this.port, sent, holdsBody);
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

function read(message: () => string): string {
  try {
    return message();
  } catch (error) {
    return `(the suite's author could not read it: ${error})`;
  }
}
