import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { ClientHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import type { Code } from "@serving-kit/core";
import type { Tensors } from "@serving-kit/inference";
import type { ProtocolPredict, TransportSubject } from "./protocol-options.js";

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
  /** Reads the rest. Resolves with its bytes when the server has ended the answer. Rejects if it was truncated. */
  ended(): Promise<number>;
  /** Ends the connection or call, as a client that has gone does. */
  leave(): void;
}

/** How a prediction is made. */
export interface PredictionOptions {
  /** Whether its tensors are damaged. Default false. */
  readonly isDamaged?: boolean;
  /** The client's timeout in ms, where the transport has one. Default a minute. */
  readonly timeoutMs?: number;
}

/** One transport of a protocol that listens, as its clients see it. */
export interface Transport extends Disposable {
  readonly name: "HTTP" | "gRPC";
  readonly port: number;
  /** Whether predictions are made over it. */
  readonly predicts: boolean;
  readonly subject: Pick<TransportSubject<never, never>, "dtypes" | "hasSignatures">;
  /** Makes a prediction. */
  predict(call: ProtocolPredict, options?: PredictionOptions): Promise<Answered>;
  /** Sends a prediction without a body that makes sense. */
  garbage(call: ProtocolPredict, bytes: Uint8Array): Promise<Answered>;
  /** Sends a prediction whose body is compressed, and 20 MB of spaces when it is inflated. */
  bomb(call: ProtocolPredict): Promise<Answered>;
  /**
   * Sends a prediction whose body is that many spaces. Resolves with how many bytes the server took, when it took
   * all or ended the connection or call.
   */
  upload(call: ProtocolPredict, bytes: number): Promise<number>;
  /** Sends a prediction and reads nothing of the answer. */
  open(call: ProtocolPredict): Opened;
  /** Sends the request of the stream. Undefined if the protocol has none. */
  stream(): Opened | undefined;
  /** The status of a code. */
  statusOf(code: Code): string;
}

/** 20 MB of spaces, compressed to 20 kB. */
export const compressedSpaces = (): Buffer => gzipSync(Buffer.alloc(20_000_000, " "), { level: 9 });

/** An answer that is not read yet. */
export function openedOf(
  answer: Promise<IncomingMessage | ClientHttp2Stream>,
  leave: () => void,
): Opened {
  return {
    leave,
    async firstPart() {
      const parts = await answer;
      if (!parts.readableLength) await once(parts, "readable");
    },
    async ended() {
      const parts = await answer;
      let bytes = 0;
      for await (const part of parts as AsyncIterable<Uint8Array>) bytes += part.length;
      return bytes;
    },
  };
}

/** Writes spaces as fast as they are taken. Resolves with how many were, when all are or the stream has ended. */
export async function pump(stream: Writable, bytes: number): Promise<number> {
  const part = Buffer.alloc(65_536, " ");
  const closed = new Promise<false>((resolve) => stream.once("close", () => resolve(false)));
  let taken = 0;
  while (taken < bytes && !stream.destroyed) {
    const written = new Promise<boolean>((resolve) =>
      stream.write(part, (error) => resolve(!error)),
    );
    if (!(await Promise.race([written, closed]))) break;
    taken += part.length;
  }
  return taken;
}
