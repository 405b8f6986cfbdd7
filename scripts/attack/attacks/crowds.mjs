import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { callOn, field, PREDICT, predictRequest, silent } from "../clients.mjs";

const head = (path, length) =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;

const session = async ({ grpc }, settings = {}) => {
  const made = connectHttp2(`http://127.0.0.1:${grpc}`, { settings });
  made.on("error", () => {});
  await once(made, "connect");
  return made;
};

/** Many clients at once. Each gives what ends it. */
export const crowds = {
  async "100 expansions at once"(server) {
    const one = await session(server);
    // float32 [8000000], no values: 32 MB each.
    const dim = field(2, field(2, Buffer.of(8, 0x80, 0xa4, 0xe8, 3)));
    const message = predictRequest(Buffer.concat([Buffer.of(8, 1), dim]));
    await Promise.all(Array.from({ length: 100 }, () => callOn(one, PREDICT, message)));
    return () => one.destroy();
  },

  async "60 unfinished uploads to an unknown model"(server) {
    return uploads(server, "/v1/models/nosuch:predict");
  },

  async "60 unfinished uploads to a model"(server) {
    return uploads(server, "/v1/models/digits:predict");
  },

  async "100 clients that never read"(server) {
    const rows = Buffer.from(
      `{"instances":[${`[${"0,".repeat(783)}0],`.repeat(500)}[${"0,".repeat(783)}0]]}`,
    );
    const sockets = Array.from({ length: 100 }, () =>
      silent(server.rest, head("/v1/models/digits:predict", rows.length), rows),
    );
    await delay(3_000);
    return () => end(sockets);
  },

  async "window 0 with pings"(server) {
    const one = await session(server, { initialWindowSize: 0 });
    const message = Buffer.alloc(0);
    for (let i = 0; i < 200; i++)
      void callOn(one, "/tensorflow.serving.ModelService/GetModelStatus", message);
    const pings = setInterval(() => one.ping(() => {}), 20);
    await delay(3_000);
    return () => {
      clearInterval(pings);
      one.destroy();
    };
  },
};

async function uploads({ rest }, path) {
  const part = Buffer.alloc(2 ** 20, " ");
  const sockets = Array.from({ length: 60 }, () => silent(rest, head(path, 99e6)));
  for (let sent = 0; sent < 98; sent++) {
    for (const socket of sockets)
      if (!socket.destroyed && socket.writableLength < 2 ** 21) socket.write(part);
    await delay(10);
  }
  return () => end(sockets);
}

function end(sockets) {
  for (const socket of sockets) socket.destroy();
}
