import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { ClientHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import type { Code } from "@serving-kit/core";
import type { Tensors } from "@serving-kit/inference";
import type { ProtocolPredict, TransportSubject } from "./protocol-options.js";

/** The response to a request, independent of the transport. */
export interface Answered {
  readonly isOk: boolean;
  /** The status in the transport's form. */
  readonly status: string;
  /** The error message of a failure, or the reason why it cannot be read. */
  readonly message: string;
  outputs(): Tensors;
}

/** A request whose response is not read to its end. */
export interface Opened {
  /** Resolves when the first part of the response has arrived, and reads no further. */
  firstPart(): Promise<void>;
  /** Reads the rest. Resolves with its size when the server has ended the response. Rejects if it was truncated. */
  ended(): Promise<number>;
  /** Closes the connection or cancels the call, like a client that disconnects. */
  leave(): void;
}

/** Options for a prediction. */
export interface PredictionOptions {
  /** True if its tensors are corrupted. Default false. */
  readonly isDamaged?: boolean;
  /** The client's timeout in ms, if the transport supports one. Default one minute. */
  readonly timeoutMs?: number;
}

/** The clients' view of one transport of a protocol that listens. */
export interface Transport extends Disposable {
  readonly name: "HTTP" | "gRPC";
  readonly port: number;
  /** True if it supports predictions. */
  readonly predicts: boolean;
  readonly subject: Pick<TransportSubject<never, never>, "dtypes" | "hasSignatures">;
  /** Makes a prediction. */
  predict(call: ProtocolPredict, options?: PredictionOptions): Promise<Answered>;
  /** Sends a prediction with a malformed body. */
  garbage(call: ProtocolPredict, bytes: Uint8Array): Promise<Answered>;
  /** Sends a prediction with a compressed body that inflates to 20 MB of spaces. */
  bomb(call: ProtocolPredict): Promise<Answered>;
  /**
   * Sends a prediction whose body is this many spaces. Resolves with the number of bytes that the server accepted, once
   * it has accepted all or has ended the connection or call.
   */
  upload(call: ProtocolPredict, bytes: number): Promise<number>;
  /** Sends a prediction without reading the response. */
  open(call: ProtocolPredict): Opened;
  /** Sends the streaming request. Undefined if the protocol has none. */
  stream(): Opened | undefined;
  /** Returns the status of a code. */
  statusOf(code: Code): string;
}

/** 20 MB of spaces, compressed to 20 kB. */
export const compressedSpaces = (): Buffer => gzipSync(Buffer.alloc(20_000_000, " "), { level: 9 });

/** Returns a response that is not read yet. */
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

/**
 * Writes spaces as fast as they are accepted. Resolves with their number once all are accepted or the stream has ended.
 */
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
