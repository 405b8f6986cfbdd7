// @ts-nocheck Not yet in TypeScript.
import { setTimeout as delay } from "node:timers/promises";
import {
  callOn,
  connectGrpc,
  ECHO_ASK,
  echoValues,
  field,
  PREDICT,
  packedFloats,
  predictRequest,
  prefix,
  shape,
  silent,
  startCall,
} from "../clients.mjs";

const UPLOAD_BYTES = 99e6;
const PART = Buffer.alloc(2 ** 20, " ");

/** The time for which responses are held. */
const HELD_MS = 3_000;

/** As many floats as an answer has that clients do not read. */
const ZEROS = 1_000_000;

const head = (path, length) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;

const zerosRequest = predictRequest(
  "n",
  Buffer.concat([Buffer.of(8, 3), shape(1), field(7, Buffer.of(0xc0, 0x84, 0x3d))]), // ZEROS
  "zeros",
);
// protobufjs writes floats one by one: fewer take as long.
const echoRequest = echoValues("floats", packedFloats(ZEROS / 10));

/**
 * Many clients at once, or `share` of as many. Each runs until they have done their worst, and resolves with what ends
 * them.
 */
export const crowds = (share = 1) => ({
  "100 expansions": async (server) => {
    const session = await connectGrpc(server);
    // float32 [8000000], no values: 32 MB each.
    const tensor = Buffer.concat([Buffer.of(8, 1), shape(8_000_000)]);
    const message = predictRequest("image", tensor, "digits");
    await Promise.all(times(100 * share, () => callOn(session, PREDICT, message)));
    return () => session.destroy();
  },

  "60 unfinished uploads to an unknown model": (server) =>
    uploads(server, "/v1/models/nosuch:predict", share),

  "60 unfinished uploads to a model": (server) =>
    uploads(server, "/v1/models/digits:predict", share),

  "60 unfinished uploads over gRPC": (server) => grpcUploads(server, PREDICT, share),

  "60 unfinished uploads to echo": (server) => grpcUploads(server, ECHO_ASK, share),

  "100 clients that never read": async ({ rest }) => {
    const body = `{"inputs":[${ZEROS}]}`;
    const sent = head("/v1/models/zeros:predict", body.length) + body;
    const sockets = times(100 * share, () => silent(rest, sent));
    await delay(HELD_MS * share);
    return () => end(sockets);
  },

  "window 0 with pings": (server) => unread(server, PREDICT, zerosRequest, share),

  "window 0 with pings to echo": (server) => unread(server, ECHO_ASK, echoRequest, share),
});

const times = (count, make) => Array.from({ length: Math.ceil(count) }, make);

async function uploads({ rest }, path, share) {
  const sockets = times(60 * share, () => silent(rest, head(path, UPLOAD_BYTES)));
  await feed(sockets, share);
  return () => end(sockets);
}

async function grpcUploads(server, path, share) {
  const sessions = await Promise.all(times(60 * share, () => connectGrpc(server)));
  const streams = sessions.map((session) => startCall(session, path).resume());
  for (const stream of streams) stream.write(prefix(UPLOAD_BYTES));
  await feed(streams, share);
  return () => end(sessions);
}

/** Writes all of an upload but its end, or a share of it, to each that takes it, until none has taken any for a second. */
async function feed(uploads, share) {
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
async function unread(server, path, message, share) {
  const session = await connectGrpc(server, { initialWindowSize: 0 });
  for (const _ of times(100 * share)) void callOn(session, path, message);
  const pings = setInterval(() => session.ping(() => {}), 20);
  await delay(HELD_MS * share);
  return () => {
    clearInterval(pings);
    session.destroy();
  };
}

function end(connections) {
  for (const connection of connections) connection.destroy();
}
