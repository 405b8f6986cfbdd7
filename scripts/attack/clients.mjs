// @ts-nocheck Not yet in TypeScript.
import { once } from "node:events";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";

/** Posts a body. Resolves with the status, or with `closed` if the server closed the connection. */
export async function post({ rest }, path, body, headers = {}) {
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
    const [response] = await once(sending, "response");
    response.resume();
    await once(response, "close");
    return response.statusCode;
  } catch {
    return "closed";
  }
}

/** Makes a gRPC call with a message. Resolves with its status. */
export async function call(server, path, message) {
  const session = await connectGrpc(server);
  try {
    return await callOn(session, path, message);
  } finally {
    session.destroy();
  }
}

/** A connection for gRPC. */
export async function connectGrpc({ grpc }, settings = {}) {
  const session = connectHttp2(`http://127.0.0.1:${grpc}`, { settings });
  session.on("error", () => {});
  await once(session, "connect");
  return session;
}

/** Begins a call on a connection. */
export function startCall(session, path) {
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc" };
  return session.request({ ...headers, te: "trailers" }).on("error", () => {});
}

/** The prefix of a message of this length. */
export function prefix(length) {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** Makes a call on a connection. Resolves with its status. */
export function callOn(session, path, message) {
  const stream = startCall(session, path);
  return new Promise((resolve) => {
    let status = "closed";
    const read = (received) => {
      if (received["grpc-status"] !== undefined) status = Number(received["grpc-status"]);
    };
    stream.on("response", read).on("trailers", read);
    stream.once("close", () => resolve(status)).resume();
    stream.write(prefix(message.length));
    stream.end(message);
  });
}

/** A connection that sends these parts and reads nothing. */
export function silent(port, ...parts) {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {}).pause();
  for (const part of parts) socket.write(part);
  return socket;
}

/** A number as protobuf writes it. */
export function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.of(...bytes, rest);
}

/** A length-delimited field of protobuf. */
export const field = (number, content) =>
  Buffer.concat([Buffer.of((number << 3) | 2), varint(content.length), content]);

export const PREDICT = "/tensorflow.serving.PredictionService/Predict";
export const CLASSIFY = "/tensorflow.serving.PredictionService/Classify";
export const RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest";
export const ECHO_ASK = "/echo.Echo/Ask";
export const ECHO_REPEAT = "/echo.Echo/Repeat";

const spec = (model) => field(1, field(1, Buffer.from(model)));

/** A shape of TensorProto. */
export const shape = (...sizes) =>
  field(
    2,
    Buffer.concat(sizes.map((size) => field(2, Buffer.concat([Buffer.of(8), varint(size)])))),
  );

/** A PredictRequest with one tensor. */
export const predictRequest = (input, tensor, model) =>
  Buffer.concat([
    spec(model),
    field(2, Buffer.concat([field(1, Buffer.from(input)), field(2, tensor)])),
  ]);

/** A ClassificationRequest with a list of examples. */
export const classifyRequest = (list, model) =>
  Buffer.concat([spec(model), field(2, field(1, list))]);

/** A ReloadConfigRequest with models at base paths. */
export const reloadRequest = (models) => {
  const config = ([name, path]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(path))]));
  return field(1, field(1, Buffer.concat(Object.entries(models).map(config))));
};

/** A message of `echo` that asks a model with these fields for values. */
export const echoValues = (model, ...fields) =>
  Buffer.concat([field(1, Buffer.from(model)), ...fields]);

/** Packed floats as a field of `echo`. */
export const packedFloats = (...values) => field(2, Buffer.from(Float32Array.from(values).buffer));
