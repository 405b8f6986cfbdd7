import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type Logger, messageOf } from "@serving-kit/core";
import type { AnswerWatch, WatchedAnswer } from "../limits/answer-watch.js";
import type { CallAllowance } from "../plugins/call-budget.js";
import { dropRest } from "./drop-rest.js";
import { COMMON_HEADERS, type OutgoingHttp } from "./http-api.js";
import { giveUp, writeStream } from "./write-stream.js";

/** The dependencies of writing a response. */
export interface AnswerWriter {
  /** The headers of every response in addition to `COMMON_HEADERS`. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly logger: Logger;
  /** Closes stalled responses; undefined if the app does so. */
  readonly answers: AnswerWatch | undefined;
  /** The memory of the request, disposed when the response is sent. */
  readonly allowance: CallAllowance;
}

type Response = ServerResponse & { readonly stream?: ServerHttp2Stream };

/** Maximum size of a body that is written together with its headers. */
export const MAX_JOINED_BYTES = 16_384;

/**
 * Writes a response, watches its progress until it is sent, and then releases the memory of its request. A response
 * that node:http refuses, such as one with a line break in a header, is logged and closes the connection. Never throws.
 */
export function writeAnswer(
  request: IncomingMessage,
  response: Response,
  answer: OutgoingHttp,
  writer: AnswerWriter,
): void {
  try {
    // The app may have responded meanwhile, as a timeout middleware does.
    if (response.headersSent || response.destroyed) {
      abandon(answer, writer);
      return;
    }
    const { body } = answer;
    if (answer.closesConnection) hangUpAfter(response);
    if (body instanceof Uint8Array) writeWhole(response, answer, body, writer);
    else writeParts(response, answer, body, writer);
    if (!request.complete && !request.destroyed) dropRest(request, response);
  } catch (error) {
    abandon(answer, writer);
    writer.logger.error({ err: error }, `a response cannot be written: ${messageOf(error)}`);
    response.destroy();
  }
}

/** Releases what a response that is not written holds. */
export function abandon({ body, done }: OutgoingHttp, { allowance }: AnswerWriter): void {
  allowance[Symbol.dispose]();
  if (!(body instanceof Uint8Array)) giveUp(body);
  done?.();
}

function writeWhole(
  response: Response,
  { status, contentType = "application/json", headers }: OutgoingHttp,
  body: Uint8Array,
  { headers: common, answers, allowance }: AnswerWriter,
): void {
  // Without a spread, which would make a slow object for each response.
  const fields = {
    "X-Content-Type-Options": COMMON_HEADERS["X-Content-Type-Options"],
    "Content-Type": contentType,
    "Content-Length": body.length,
  };
  if (common || headers) Object.assign(fields, common, headers);
  response.writeHead(status, fields);
  // Node writes headers and a string in one write, but headers and a buffer in two. Latin-1 preserves every byte.
  if (body.length > MAX_JOINED_BYTES) response.end(body);
  else response.end(latin1(body), "latin1");
  if (response.writableFinished || body.length <= MAX_JOINED_BYTES) allowance[Symbol.dispose]();
  else allowance.answer(body.length);
  // A small response may also wait, behind earlier responses on its connection.
  const watched = answers && isWaiting(response) ? watchAnswer(response, answers) : undefined;
  if (watched === undefined && body.length <= MAX_JOINED_BYTES) return;
  response.once("close", () => {
    allowance[Symbol.dispose]();
    watched?.();
  });
}

function writeParts(
  response: Response,
  answer: OutgoingHttp,
  body: AsyncIterable<Uint8Array>,
  { headers: common, answers, allowance, logger }: AnswerWriter,
): void {
  allowance[Symbol.dispose]();
  const { status, contentType = "application/json", headers, isLast = () => false, done } = answer;
  const fields = { ...COMMON_HEADERS, ...common, "Content-Type": contentType, ...headers };
  response.writeHead(status, fields);
  if (response.req.method === "HEAD") {
    giveUp(body);
    response.end();
    done?.();
    return;
  }
  const forget = answers && watchAnswer(response, answers);
  const beforeEnd = () => isLast() && hangUpAtEnd(response);
  void writeStream(response, body, { logger, beforeEnd }).finally(() => {
    forget?.();
    done?.();
  });
}

/** Watches a response over HTTP/1. Returns a function that stops watching. */
function watchAnswer(response: Response, answers: AnswerWatch): () => void {
  return watchSocket(response.socket as Socket, answers);
}

/** Watches the data that a connection still has to send. Returns a function that stops watching. */
export function watchSocket(socket: QueueingSocket, answers: AnswerWatch): () => void {
  const watched: WatchedAnswer = {
    waitingBytes: () => socket.writableLength,
    // The written bytes minus those that the system has not accepted: a large part is sent in pieces.
    progress: () => socket.bytesWritten - (socket._handle?.writeQueueSize ?? 0),
    cut: () => socket.destroy(),
  };
  answers.watch(watched);
  return () => answers.forget(watched);
}

/** Node's internals of a socket; if absent, only whole parts count as progress. */
type QueueingSocket = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

const isWaiting = ({ socket }: Response): boolean => (socket?.writableLength ?? 0) > 0;

/** Makes the client close the connection after the response. HTTP/2 has a frame for this instead of a header. */
function hangUpAfter(response: Response): void {
  if (response.stream === undefined) response.setHeader("Connection", "close");
  else response.stream.session?.close(); // After its streams have ended.
}

/** The same for a response whose headers have been sent. */
function hangUpAtEnd(response: Response): void {
  const { socket } = response;
  if (response.stream) hangUpAfter(response);
  else response.once("finish", () => socket?.destroySoon());
}

/** Returns bytes as a string that `latin1` encodes as the same bytes. */
export const latin1 = (bytes: Uint8Array) =>
  Buffer.isBuffer(bytes)
    ? bytes.toString("latin1")
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
