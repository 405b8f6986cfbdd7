import { gzipSync } from "node:zlib";
import {
  CLASSIFY,
  call,
  classifyRequest,
  field,
  PREDICT,
  post,
  predictRequest,
  RELOAD,
} from "../clients.mjs";

const MB = 1e6;
const PATH = "/v1/models/digits:predict";

/** A text of about `bytes` characters around many times the same. */
const json = (before, part, after, bytes) =>
  Buffer.from(before + part.repeat(Math.floor(bytes / part.length)) + after);

const strings = (tensor) => predictRequest(Buffer.concat([Buffer.of(8, 7), tensor]));
const shape = (...sizes) =>
  field(
    2,
    Buffer.concat(sizes.map((size) => field(2, Buffer.concat([Buffer.of(8), varint(size)])))),
  );

function varint(value) {
  const bytes = [];
  while (value > 127) {
    bytes.push((value & 127) | 128);
    value = Math.floor(value / 128);
  }
  return Buffer.of(...bytes, value);
}

const rest = (name, make, path = PATH, headers = {}) => ({
  name,
  make,
  send: (server, body) => post(server, path, body, headers),
});
const grpc = (name, path, make) => ({
  name,
  make,
  send: (server, body) => call(server, path, body),
});

/** Requests that cost more than they weigh, with the bytes that each decodes to. */
export const requests = (size = 40 * MB) => [
  rest(
    "REST classify of an unknown model, gzip of {}",
    () => gzipSync(json('{"examples":[{}', ",{}", "]}", size)),
    "/v1/models/nosuch:classify",
    { "Content-Encoding": "gzip" },
  ),
  rest("REST gzip of spaces", () => gzipSync(json('{"instances":[1', " ", "]}", size)), PATH, {
    "Content-Encoding": "gzip",
  }),
  rest('REST strings ""', () => json('{"inputs":[""', ',""', "]}", size)),
  rest(
    "REST classify of {}",
    () => json('{"examples":[{}', ",{}", "]}", size),
    "/v1/models/digits:classify",
  ),
  rest(
    "REST classify of [1,1,…]",
    () => json('{"examples":[{"a":[1', ",1", "]}]}", size),
    "/v1/models/digits:classify",
  ),
  rest(
    "REST classify of [1.0,…]",
    () => json('{"examples":[{"a":[1.0', ",1.0", "]}]}", size),
    "/v1/models/digits:classify",
  ),
  rest(
    "REST classify of many features",
    () => json('{"examples":[{"a":1', ',"a":1', "}]}", size),
    "/v1/models/digits:classify",
  ),
  rest("REST unknown keys at the top", () => json('{"a":1', ',"b":1', "}", size)),
  rest("REST unknown keys in inputs", () => json('{"inputs":{"a":1', ',"b":1', "}}", size)),
  rest("REST numbers, wrong in the last", () => json('{"instances":[[1', ",1.5", ',"x"]]}', size)),
  rest("REST a long key", () => json('{"', "k", '":1}', size)),
  rest("REST a long signature name", () =>
    json('{"signature_name":"', "s", '","instances":[1]}', size),
  ),
  grpc("gRPC one string for 8 M", PREDICT, () =>
    strings(Buffer.concat([shape(8 << 20), field(8, Buffer.alloc(1000, 120))])),
  ),
  grpc("gRPC float32 [15000000] of nothing", PREDICT, () =>
    predictRequest(Buffer.concat([Buffer.of(8, 1), shape(15_000_000)])),
  ),
  grpc("gRPC empty string_val", PREDICT, () =>
    strings(Buffer.concat([shape(size / 2), Buffer.alloc(size, Buffer.of(0x42, 0))])),
  ),
  grpc("gRPC strings in tensor_content", PREDICT, () =>
    strings(Buffer.concat([shape(size), field(4, Buffer.alloc(size))])),
  ),
  grpc("gRPC empty examples of an unknown model", CLASSIFY, () =>
    classifyRequest(Buffer.alloc(size, Buffer.of(0x0a, 0)), "nosuch"),
  ),
  grpc("gRPC empty examples with a context", CLASSIFY, () =>
    classifyRequest(
      Buffer.concat([field(2, Buffer.of(0)), Buffer.alloc(size, Buffer.of(0x0a, 0))]),
    ),
  ),
  grpc("gRPC inputs without names", PREDICT, () => Buffer.alloc(size, Buffer.of(0x12, 0))),
  grpc("gRPC reload of empty models", RELOAD, () =>
    field(1, field(1, Buffer.alloc(size, Buffer.of(0x0a, 0)))),
  ),
  grpc("gRPC reload with metric names", RELOAD, () => Buffer.alloc(size, Buffer.of(0x12, 0))),
];

/** A body of the same size that is valid: what it may cost is what the others may. */
export const valid = (size) => json('{"instances":[[1', ",1.5", "]]}", size);
