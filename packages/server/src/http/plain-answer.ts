import { type IncomingMessage, ServerResponse, STATUS_CODES } from "node:http";
import { COMMON_HEADERS, type OutgoingHttp } from "./http-api.js";
import type { PlainConnection } from "./plain-connection.js";
import type { PlainRequest } from "./plain-request.js";
import {
  type AnswerWriter,
  abandon,
  latin1,
  MAX_JOINED_BYTES,
  watchSocket,
  writeAnswer,
} from "./write-answer.js";

/** Longer than the idle timeout of usual load balancers, so that they never reuse a closed connection. */
export const KEEP_ALIVE_MS = 65_000;

const KEEP_ALIVE = `timeout=${KEEP_ALIVE_MS / 1_000}`;

/** Writes the response to a plain request, with the headers that node:http writes. Never throws. */
export function writePlainAnswer(
  request: PlainRequest,
  connection: PlainConnection,
  answer: OutgoingHttp,
  writer: AnswerWriter,
): void {
  const { socket } = connection;
  const { body } = answer;
  if (!socket.writable) {
    abandon(answer, writer);
    return;
  }
  if (
    !(body instanceof Uint8Array) ||
    body.length > MAX_JOINED_BYTES ||
    isSpecial(answer, writer)
  ) {
    writeByNode(request, connection, answer, writer);
    return;
  }
  socket.write(headOf(answer.status, body.length) + latin1(body), "latin1");
  writer.allowance[Symbol.dispose]();
  // The client does not read.
  if (socket.writableNeedDrain && writer.answers) {
    socket.write("", watchSocket(socket, writer.answers));
  }
  connection.next();
}

/** The statuses of responses without a body. */
const NO_BODY: readonly number[] = [204, 304];

/** Returns whether a response has headers of its own, or a status that node:http handles in its own way. */
const isSpecial = (answer: OutgoingHttp, { headers }: AnswerWriter): boolean =>
  (headers ?? answer.headers ?? answer.contentType) !== undefined ||
  answer.closesConnection === true ||
  NO_BODY.includes(answer.status) ||
  answer.status < 200 ||
  STATUS_CODES[answer.status] === undefined;

function headOf(status: number, length: number): string {
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${COMMON_LINES}Content-Length: ${length}\r\n` +
    `Date: ${date()}\r\n${LAST_LINES}`
  );
}

const COMMON_LINES = Object.entries({ ...COMMON_HEADERS, "Content-Type": "application/json" })
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

const LAST_LINES = `Connection: keep-alive\r\nKeep-Alive: ${KEEP_ALIVE}\r\n\r\n`;

let second = 0;
let dateOfSecond = "";

/** Returns the time of day for the `Date` header. */
function date(): string {
  const now = Math.trunc(Date.now() / 1_000); // no Clock: a time of day
  if (now !== second) {
    second = now;
    dateOfSecond = new Date(now * 1_000).toUTCString();
  }
  return dateOfSecond;
}

/** Writes a response by node:http's `ServerResponse`: a stream, a large body, or headers of its own. */
function writeByNode(
  { method }: PlainRequest,
  connection: PlainConnection,
  answer: OutgoingHttp,
  writer: AnswerWriter,
): void {
  const { socket } = connection;
  const request = { method, httpVersionMajor: 1, httpVersionMinor: 1, complete: true };
  const response = new ServerResponse(request as IncomingMessage);
  const isLast = answer.closesConnection === true || hasClose(answer.headers);
  const onDrain = () => response.emit("drain");
  response.assignSocket(socket);
  socket.on("drain", onDrain);
  response.once("finish", () => {
    socket.off("drain", onDrain);
    response.detachSocket(socket);
    response.emit("close");
    if (response.shouldKeepAlive && !isLast) connection.next();
    else socket.destroySoon();
  });
  if (!isLast) response.setHeader("Keep-Alive", KEEP_ALIVE);
  writeAnswer(request as IncomingMessage, response, answer, writer);
}

/** Returns whether the headers of a route close the connection. */
const hasClose = (headers: OutgoingHttp["headers"] = {}): boolean =>
  Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === "connection" && /\bclose\b/i.test(value),
  );
