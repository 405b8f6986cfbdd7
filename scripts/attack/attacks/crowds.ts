import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { field } from "../../../bench/predict-request.js";
import type { Ports } from "../../server-process.js";
import { callOn, connectGrpc, silent, startCall } from "../clients.js";
import {
  ECHO_ASK,
  echoValues,
  PREDICT,
  packedFloats,
  predictRequest,
  prefix,
  shape,
} from "../messages.js";

const UPLOAD_BYTES = 99e6;
const PART = Buffer.alloc(2 ** 20, " ");

/** The time for which responses are held. */
const HELD_MS = 3_000;

/** As many floats as an answer has that clients do not read. */
const ZEROS = 1_000_000;

const head = (path: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;

const zerosRequest = predictRequest(
  "n",
  Buffer.concat([Buffer.of(8, 3), shape(1), field(7, Buffer.of(0xc0, 0x84, 0x3d))]), // ZEROS
  "zeros",
);
// protobufjs writes floats one by one: fewer take as long.
const echoRequest = echoValues("floats", packedFloats(ZEROS / 10));

/** A crowd, or a `share` of it: runs until its clients have done their worst, and resolves with what ends them. */
export type Crowd = (server: Ports, share: number) => Promise<() => void>;

/** Crowds of clients, each at the same time. */
export const crowds = {
  "100 expansions": async (server, share) => {
    const session = await connectGrpc(server);
    // float32 [8000000], no values: 32 MB each.
    const tensor = Buffer.concat([Buffer.of(8, 1), shape(8_000_000)]);
    const message = predictRequest("image", tensor, "digits");
    await Promise.all(times(100 * share, () => callOn(session, PREDICT, message)));
    return () => session.destroy();
  },

  "60 unfinished uploads to an unknown model": (server, share) =>
    uploads(server, "/v1/models/nosuch:predict", share),

  "60 unfinished uploads to a model": (server, share) =>
    uploads(server, "/v1/models/digits:predict", share),

  "60 unfinished uploads over gRPC": (server, share) => grpcUploads(server, PREDICT, share),

  "60 unfinished uploads to echo": (server, share) => grpcUploads(server, ECHO_ASK, share),

  "100 clients that never read": async ({ rest }, share) => {
    const body = `{"inputs":[${ZEROS}]}`;
    const sent = head("/v1/models/zeros:predict", body.length) + body;
    const sockets = times(100 * share, () => silent(rest, sent));
    await delay(HELD_MS * share);
    return () => end(sockets);
  },

  "window 0 with pings": (server, share) => unread(server, PREDICT, zerosRequest, share),

  "window 0 with pings to echo": (server, share) => unread(server, ECHO_ASK, echoRequest, share),
} satisfies Readonly<Record<string, Crowd>>;

/** The name of a crowd. */
export type CrowdName = keyof typeof crowds;

const times = <T>(count: number, make: () => T): T[] =>
  Array.from({ length: Math.ceil(count) }, make);

async function uploads({ rest }: Ports, path: string, share: number): Promise<() => void> {
  const sockets = times(60 * share, () => silent(rest, head(path, UPLOAD_BYTES)));
  await feed(sockets, share);
  return () => end(sockets);
}

async function grpcUploads(server: Ports, path: string, share: number): Promise<() => void> {
  const sessions = await Promise.all(times(60 * share, () => connectGrpc(server)));
  const streams = sessions.map((session) => startCall(session, path).resume());
  for (const stream of streams) stream.write(prefix(UPLOAD_BYTES));
  await feed(streams, share);
  return () => end(sessions);
}

/** Writes all of an upload but its end, or a share of it, to each that takes it, until none has taken any for a second. */
async function feed(uploads: readonly (Socket | ClientHttp2Stream)[], share: number) {
  const left = new Map(uploads.map((upload) => [upload, (share * UPLOAD_BYTES) / PART.length]));
  for (let idle = 0; idle < 50; idle++) {
    for (const [upload, parts] of left) {
      if (upload.destroyed || parts < 1) left.delete(upload);
      else if (upload.writableLength < 2 * PART.length) {
        upload.write(PART);
        left.set(upload, parts - 1);
        idle = 0;
      }
    }
    await delay(20);
  }
}

/** Calls whose answers find no window, on a connection that is alive. */
async function unread(
  server: Ports,
  path: string,
  message: Buffer,
  share: number,
): Promise<() => void> {
  const session = await connectGrpc(server, { initialWindowSize: 0 });
  times(100 * share, () => void callOn(session, path, message));
  const pings = setInterval(() => session.ping(() => {}), 20);
  await delay(HELD_MS * share);
  return () => {
    clearInterval(pings);
    session.destroy();
  };
}

function end(connections: readonly (Socket | ClientHttp2Session)[]): void {
  for (const connection of connections) connection.destroy();
}
