import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type Settings,
} from "node:http2";
import { connect, type Socket } from "node:net";
import type { Ports } from "../server-process.js";
import { prefix } from "./messages.js";

/** The status of a response, or `closed` if the server closed the connection. */
export type Status = number | "closed";

/** Posts a body. */
export async function post(
  { rest }: Ports,
  path: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Status> {
  const sending = request({
    port: rest,
    host: "127.0.0.1",
    method: "POST",
    path,
    headers,
    agent: false,
  });
  sending.end(body);
  try {
    const [response] = (await once(sending, "response")) as [IncomingMessage];
    response.resume();
    await once(response, "close");
    return response.statusCode ?? "closed";
  } catch {
    return "closed";
  }
}

/** Makes a gRPC call with a message, on a connection of its own. */
export async function call(server: Ports, path: string, message: Buffer): Promise<Status> {
  const session = await connectGrpc(server);
  try {
    return await callOn(session, path, message);
  } finally {
    session.destroy();
  }
}

/** Opens a connection for gRPC. */
export async function connectGrpc(
  { grpc }: Ports,
  settings: Settings = {},
): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${grpc}`, { settings });
  session.on("error", () => {});
  await once(session, "connect");
  return session;
}

/** Starts a call on a connection. */
export function startCall(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc" };
  return session.request({ ...headers, te: "trailers" }).on("error", () => {});
}

/** Makes a call on a connection. */
export function callOn(
  session: ClientHttp2Session,
  path: string,
  message: Buffer,
): Promise<Status> {
  const stream = startCall(session, path);
  return new Promise((resolve) => {
    let status: Status = "closed";
    const read = (received: IncomingHttpHeaders) => {
      if (received["grpc-status"] !== undefined) status = Number(received["grpc-status"]);
    };
    stream.on("response", read).on("trailers", read);
    stream.once("close", () => resolve(status)).resume();
    stream.write(prefix(message.length));
    stream.end(message);
  });
}

/** Opens a connection that sends these parts and reads nothing. */
export function silent(port: number, ...parts: readonly string[]): Socket {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {}).pause();
  for (const part of parts) socket.write(part);
  return socket;
}
