import { gzipSync } from "node:zlib";
import { field } from "../../../bench/predict-request.js";
import type { Ports } from "../../server-process.js";
import { call, connectGrpc, post, type Status, startCall } from "../clients.js";
import {
  CLASSIFY,
  classifyRequest,
  ECHO_ASK,
  ECHO_REPEAT,
  echoValues,
  PREDICT,
  predictRequest,
  prefix,
  RELOAD,
  shape,
} from "../messages.js";

/** The outcome of a request: its status, or `left` if its client left before it had one. */
export type Outcome = Status | "left";

/** A request that costs more than it weighs. */
export interface AttackRequest {
  readonly name: string;
  readonly protocol: "REST" | "gRPC";
  make(): Buffer;
  send(server: Ports, body: Buffer): Promise<Outcome>;
}

/** A text of about `bytes` characters around many times the same. */
const json = (before: string, part: string, after: string, bytes: number) =>
  Buffer.from(before + part.repeat(Math.floor(bytes / part.length)) + after);

const strings = (...fields: readonly Buffer[]) =>
  predictRequest("s", Buffer.concat([Buffer.of(8, 7), ...fields]), "strings");
const floats = (...fields: readonly Buffer[]) =>
  predictRequest("image", Buffer.concat([Buffer.of(8, 1), ...fields]), "digits");

const rest = (name: string, path: string, make: () => Buffer, headers = {}): AttackRequest => ({
  name: `REST ${name}`,
  protocol: "REST",
  make,
  send: (server, body) => post(server, path, body, headers),
});
const grpc = (name: string, path: string, make: () => Buffer): AttackRequest => ({
  name: `gRPC ${name}`,
  protocol: "gRPC",
  make,
  send: (server, body) => call(server, path, body),
});
const GZIP = { "Content-Encoding": "gzip" };
const DIGITS = "/v1/models/digits:predict";
const DIGITS_CLASSIFY = "/v1/models/digits:classify";
const STRINGS = "/v1/models/strings:predict";

const restRequests = (size: number): AttackRequest[] => [
  rest(
    "classify of an unknown model, gzip of {}",
    "/v1/models/nosuch:classify",
    () => gzipSync(json('{"examples":[{}', ",{}", "]}", size)),
    GZIP,
  ),
  rest("gzip of spaces", DIGITS, () => gzipSync(json('{"instances":[1', " ", "]}", size)), GZIP),
  rest('strings ""', STRINGS, () => json('{"inputs":[""', ',""', "]}", size)),
  rest("strings of base64", STRINGS, () => json('{"inputs":[""', ',{"b64":""}', "]}", size)),
  rest("classify of {}", DIGITS_CLASSIFY, () => json('{"examples":[{}', ",{}", "]}", size)),
  rest("classify of [1,1,…]", DIGITS_CLASSIFY, () =>
    json('{"examples":[{"a":[1', ",1", "]}]}", size),
  ),
  rest("classify of [1.0,…]", DIGITS_CLASSIFY, () =>
    json('{"examples":[{"a":[1.0', ",1.0", "]}]}", size),
  ),
  rest("classify of many features", DIGITS_CLASSIFY, () =>
    json('{"examples":[{"a":1', ',"a":1', "}]}", size),
  ),
  rest("unknown keys at the top", DIGITS, () => json('{"a":1', ',"b":1', "}", size)),
  rest("unknown keys in inputs", DIGITS, () => json('{"inputs":{"a":1', ',"b":1', "}}", size)),
  rest("numbers, wrong in the last", DIGITS, () =>
    json('{"instances":[[1', ",1.5", ',"x"]]}', size),
  ),
  rest("a long key", DIGITS, () => json('{"', "k", '":1}', size)),
  rest("a long signature name", DIGITS, () =>
    json('{"signature_name":"', "s", '","instances":[1]}', size),
  ),
];

const grpcRequests = (size: number): AttackRequest[] => [
  grpc("one string for 8 M", PREDICT, () =>
    strings(shape(8 << 20), field(8, Buffer.alloc(1_000, 120))),
  ),
  grpc("float32 [15000000] of nothing", PREDICT, () => floats(shape(15_000_000))),
  grpc("empty string_val", PREDICT, () =>
    strings(shape(size / 2), Buffer.alloc(size, Buffer.of(0x42, 0))),
  ),
  grpc("strings in tensor_content", PREDICT, () =>
    strings(shape(size), field(4, Buffer.alloc(size))),
  ),
  grpc("empty examples of an unknown model", CLASSIFY, () =>
    classifyRequest(Buffer.alloc(size, Buffer.of(0x0a, 0)), "nosuch"),
  ),
  grpc("empty examples with a context", CLASSIFY, () =>
    classifyRequest(
      Buffer.concat([field(2, Buffer.of(0)), Buffer.alloc(size, Buffer.of(0x0a, 0))]),
      "digits",
    ),
  ),
  grpc("inputs without names", PREDICT, () => Buffer.alloc(size, Buffer.of(0x12, 0))),
  grpc("reload of empty models", RELOAD, () =>
    field(1, field(1, Buffer.alloc(size, Buffer.of(0x0a, 0)))),
  ),
  grpc("reload with metric names", RELOAD, () => Buffer.alloc(size, Buffer.of(0x12, 0))),
];

/** Over another protocol, which bounds nothing by itself but what it takes from the allowance of its calls. */
const echoRequests = (size: number): AttackRequest[] => [
  grpc("echo, floats for an unknown model", ECHO_ASK, () =>
    echoValues("nosuch", field(2, Buffer.alloc(size))),
  ),
  grpc("echo, floats one by one", ECHO_ASK, () =>
    echoValues("floats", Buffer.alloc(size, Buffer.of(0x15, 0, 0, 0x80, 0x3f))),
  ),
  grpc("echo, empty names of models", ECHO_ASK, () => Buffer.alloc(size, Buffer.of(0x0a, 0))),
  grpc("echo, a long name of a model", ECHO_ASK, () => field(1, Buffer.alloc(size, "m"))),
  {
    name: "gRPC echo, words that are not read",
    protocol: "gRPC",
    make: () => field(1, Buffer.alloc(size, "a ")),
    send: unread,
  },
];

/** Makes a call whose answer is a stream, and leaves when the first part of it has come. */
async function unread(server: Ports, message: Buffer): Promise<Outcome> {
  const session = await connectGrpc(server, { initialWindowSize: 1_000 });
  const stream = startCall(session, ECHO_REPEAT);
  stream.write(prefix(message.length));
  stream.end(message);
  await new Promise<void>((resolve) => stream.once("readable", resolve).once("close", resolve));
  session.destroy();
  return "left";
}

/** Requests that cost more than they weigh, each of about `size` bytes when it is inflated. */
export const requests = (size: number): AttackRequest[] => [
  ...restRequests(size),
  ...grpcRequests(size),
  ...echoRequests(size),
];

/** Bodies of the same size that are what they should be: what these cost is what the others may. */
export function valid(size: number): Record<AttackRequest["protocol"], AttackRequest> {
  const rows = Math.floor(size / FLOAT_VAL.length / 64);
  const values = Buffer.alloc(rows * 64 * FLOAT_VAL.length, FLOAT_VAL);
  return {
    REST: rest("numbers", DIGITS, () => json('{"instances":[[1', ",1.5", "]]}", size)),
    gRPC: grpc("floats", PREDICT, () => floats(shape(rows, 64), values)),
  };
}

/** One value of a TensorProto, not packed. */
const FLOAT_VAL = Buffer.of(0x2d, 0, 0, 0x80, 0x3f);
