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
export async function call({ grpc }, path, message) {
  const session = connectHttp2(`http://127.0.0.1:${grpc}`);
  session.on("error", () => {});
  try {
    return await callOn(session, path, message);
  } finally {
    session.destroy();
  }
}

/** The same on a connection. */
export function callOn(session, path, message) {
  const headers = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  };
  const stream = session.request(headers);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return new Promise((resolve) => {
    let status = "closed";
    const read = (received) => {
      if (received["grpc-status"] !== undefined) status = Number(received["grpc-status"]);
    };
    stream
      .on("response", read)
      .on("trailers", read)
      .on("error", () => {});
    stream.once("close", () => resolve(status)).resume();
    stream.write(prefix);
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

/** A length-delimited field of protobuf. */
export function field(number, content) {
  const varint = [];
  let rest = content.length;
  while (rest > 127) {
    varint.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.concat([Buffer.of((number << 3) | 2, ...varint, rest), content]);
}

export const PREDICT = "/tensorflow.serving.PredictionService/Predict";
export const CLASSIFY = "/tensorflow.serving.PredictionService/Classify";
export const RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest";

const spec = (model) => field(1, field(1, Buffer.from(model)));

/** A PredictRequest with one tensor. */
export const predictRequest = (tensor, model = "digits") =>
  Buffer.concat([
    spec(model),
    field(2, Buffer.concat([field(1, Buffer.from("image")), field(2, tensor)])),
  ]);

/** A ClassificationRequest with a list of examples. */
export const classifyRequest = (list, model = "digits") =>
  Buffer.concat([spec(model), field(2, field(1, list))]);
