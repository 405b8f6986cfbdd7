import type { ServerHttp2Stream } from "node:http2";
import type { ServingError } from "@serving-kit/core";
import { MAX_DROPPED_BYTES } from "../http/drop-rest.js";
import type { AnswerWatch, WatchedAnswer } from "../limits/answer-watch.js";

/** Charges received bytes to an allowance, and rejects bytes above it. */
export interface ReceivedPartsHost {
  /** @throws ServingError if the bytes must not be received. */
  receive(bytes: number): void;
  refuse(error: ServingError): void;
}

/**
 * The messages that a client sends to one call: charged as they arrive, and watched for progress until the last one.
 */
export class ReceivedParts implements WatchedAnswer, Disposable {
  readonly #stream: ServerHttp2Stream;
  readonly #answers: AnswerWatch | undefined;
  readonly #host: ReceivedPartsHost;
  #received = 0;
  #dropped = 0;

  /** Without `answers`, the client has no time limit. grpc-js must already have its own listeners on the stream. */
  constructor(
    stream: ServerHttp2Stream,
    answers: AnswerWatch | undefined,
    host: ReceivedPartsHost,
  ) {
    this.#stream = stream;
    this.#answers = answers;
    this.#host = host;
    stream.on("data", (chunk: Buffer) => this.#take(chunk.length));
    answers?.watch(this);
    stream.once("end", () => this[Symbol.dispose]());
  }

  waitingBytes(): number {
    return 0; // The client has nothing to do: the server waits.
  }

  progress(): number {
    return this.#received;
  }

  cut(): void {
    this.#stream.close(8); // CANCEL
    this.#stream.destroy();
  }

  [Symbol.dispose](): void {
    this.#answers?.forget(this);
  }

  #take(bytes: number): void {
    // After the response, further bytes are dropped, and then the stream is closed.
    if (this.#stream.writableEnded) {
      this.#dropped += bytes;
      if (this.#dropped > MAX_DROPPED_BYTES) this.#stream.close();
      return;
    }
    this.#received += bytes;
    try {
      this.#host.receive(bytes);
    } catch (error) {
      this.#host.refuse(error as ServingError);
    }
  }
}
