import { type ClientHttp2Session, connect, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { codecOf } from "./codec.js";
import type { Random } from "./malformed-rest.js";

const tensor = {
  dtype: 1,
  tensor_shape: { dim: [{ size: 2 }] },
  tensor_content: Buffer.from(Float32Array.of(1.5, -2).buffer),
};
const predict = (model_spec: object, inputs: object) =>
  Buffer.from(
    codecOf("tensorflow.serving.PredictRequest").encode({
      model_spec,
      inputs,
      output_filter: ["y"],
    }),
  );
const examples = Buffer.from(
  codecOf("tensorflow.serving.ClassificationRequest").encode({
    model_spec: { name: "m", signature_name: "classify" },
    input: { example_list: { examples: [{ features: { feature: {} } }, {}] } },
  }),
);

/** Messages that are right, or were: most are mangled before they are sent. */
const MESSAGES: readonly Buffer[] = [
  predict({ name: "m" }, { x: tensor }),
  predict({ name: "m", version: { value: "-1" } }, { x: tensor }),
  predict({ name: "__proto__" }, { x: tensor }),
  predict({ name: "../../etc/passwd", version_label: "constructor" }, { x: tensor }),
  predict({ name: "m", signature_name: "__proto__" }, { x: tensor }),
  predict(
    { name: "m", signature_name: "two" },
    { ["__proto__"]: tensor, constructor: tensor, a: {} },
  ),
  predict({ name: "m" }, { x: { ...tensor, dtype: 99 } }),
  predict(
    { name: "m" },
    { x: { ...tensor, tensor_shape: { dim: [{ size: "9223372036854775807" }] } } },
  ),
  predict({ name: "m" }, { x: { ...tensor, tensor_shape: { dim: [{ size: -2 }] } } }),
  examples,
  Buffer.alloc(0),
  Buffer.alloc(20_000, 0x0b), // groups in groups
  Buffer.from("0a80808080808080808001", "hex"), // a length beyond all
];

const PREDICTION = "tensorflow.serving.PredictionService";
/** Most calls are of methods that read a message; those of the last row are of no method at all. */
const METHODS = [
  ...["Predict", "Predict", "Classify", "Regress", "MultiInference", "GetModelMetadata"].flatMap(
    (name) => [`${PREDICTION}/${name}`, `${PREDICTION}/${name}`],
  ),
  ...["tensorflow.serving.ModelService/GetModelStatus", "grpc.health.v1.Health/Check"],
  ...[`${PREDICTION}/__proto__`, `${PREDICTION}/`, "constructor/toString", "..%2f/x", "/"],
];

/** A message in its frame, or what is none. */
function body(random: Random): Buffer {
  let message: Buffer = random.of(MESSAGES);
  if (random.below(3) > 0) message = random.mangle(message);
  if (random.below(10) === 0) message = random.bytes(random.below(200));
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  switch (random.below(12)) {
    case 0:
      frame[0] = 1; // compressed, by nothing that was named
      break;
    case 1:
      frame.writeUInt32BE(random.of([0xffffffff, message.length + 10, 1]), 1);
      break;
    case 2:
      return message;
    case 3:
      return Buffer.concat([frame, message, frame, message]);
  }
  return Buffer.concat([frame, message]);
}

/**
 * Makes `count` malformed calls over one connection, at once, and gives how each ended: its grpc-status,
 * with the message where it is INTERNAL, or its HTTP status or HTTP/2 error where it has none.
 */
export async function callMalformed(
  port: number,
  count: number,
  random: Random,
): Promise<string[]> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  const calls = Array.from({ length: count }, () => call(session, random));
  try {
    return await Promise.all(calls);
  } finally {
    session.destroy();
  }
}

function call(session: ClientHttp2Session, random: Random): Promise<string> {
  const stream = session.request({
    ":method": random.below(20) === 0 ? "GET" : "POST",
    ":path": `/${random.of(METHODS)}`,
    "content-type": random.below(20) === 0 ? "text/plain" : "application/grpc",
    ...(random.below(20) > 0 && { te: "trailers" }),
    ...(random.below(10) === 0 && { "grpc-timeout": random.of(["1n", "x", "-1S", "99999999H"]) }),
    ...(random.below(10) === 0 && {
      "grpc-encoding": random.of(["gzip", "deflate", "none"]),
    }),
    ...(random.below(10) === 0 && { "odd-bin": "!!!" }),
  });
  return new Promise((resolve, reject) => {
    let ended = "";
    const note = (headers: Record<string, unknown>) => {
      const { "grpc-status": status, "grpc-message": message = "", ":status": http } = headers;
      if (status !== undefined) ended = status === "13" ? `13 ${message}` : String(status);
      else if (http !== undefined && http !== 200) ended = `HTTP ${http}`;
    };
    const timer = setTimeout(() => reject(new Error("a call hangs")), 15_000);
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("error", () => {});
    stream.on("close", () => {
      clearTimeout(timer);
      resolve(ended || `HTTP/2 ${stream.rstCode}`);
    });
    stream.resume();
    const message = body(random);
    if (random.below(15) === 0) {
      stream.write(message.subarray(0, random.below(message.length + 1)));
      setImmediate(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        stream.destroy(); // else one that was answered before would stay, half open, in this client
      });
    } else stream.end(message);
  });
}

/** Sends what is not HTTP/2 at all, and waits until the server hangs up. */
export function sendGarbage(port: number, random: Random): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, "127.0.0.1");
    socket.setTimeout(15_000, () => reject(new Error("the server hangs on garbage")));
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.resume();
    const preface = random.below(2) ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "";
    socket.end(Buffer.concat([Buffer.from(preface), random.bytes(1 + random.below(200))]));
  });
}
