import {
  type AspiredVersions,
  isServingError,
  type StoragePath,
  servableId,
} from "@serving-kit/core";
import { definePlatform, type PredictorLike, spec, tensor } from "@serving-kit/inference";
import { reusePortSocket } from "@serving-kit/native-library";
import { FakeClock } from "@serving-kit/testing";
import { of } from "rxjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelServer } from "../src/index.js";
import { GrpcClient, GrpcFailure } from "./grpc-client.js";
import { send } from "./threads-world.js";
import { createModelServer } from "./whole-server.js";

const vector = spec.float32([-1]);
const x = tensor("float32", [2], [1, 2]);
const thrower = (thrown: unknown) => () => {
  throw thrown;
};
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy as object;
};
const hostileError = () =>
  Object.defineProperty(new Error("x"), "name", { get: thrower(new Error("name")) });
/** Under another name, for the linter. */
const THEN = "then";
const buffer = new Float32Array(64);
const large = { x: new Float32Array(64) };

/** A careless model: its function, and the sentence that its caller gets, or of an unexpected error the log. */
type Row = readonly [name: string, predict: () => unknown, sentence: RegExp];

const THROWN: readonly Row[] = [
  ["throws an error", thrower(new Error("boo")), /^predict of the model threw: boo$/],
  ["throws a string", thrower("boo"), /threw: boo$/],
  ["throws undefined", thrower(undefined), /threw: undefined$/],
  ["throws a revoked proxy", thrower(revoked()), /threw: a value that has no string form/],
  ["throws what has no text", thrower(Object.create(null)), /threw: a value that has no/],
  ["throws an error with a hostile name", () => thrower(hostileError())(), /threw: x$/],
  [
    "throws an error whose stack is not text",
    thrower(Object.assign(new Error("x"), { stack: 1 })),
    /threw: x$/,
  ],
  ["rejects with nothing", () => Promise.reject(), /threw: undefined$/],
  ["rejects with a revoked proxy", async () => thrower(revoked())(), /a value that has no/],
  ["returns a revoked proxy", revoked, /threw: .*revoked/],
  [
    "returns a then that throws",
    () => Object.defineProperty({}, THEN, { get: thrower(new Error("boo")) }),
    /threw: boo$/,
  ],
  [
    "recurses without an end",
    function recurse(): unknown {
      return [recurse()];
    },
    /threw: Maximum call stack size exceeded$/,
  ],
];

const UNFIT: readonly Row[] = [
  ["returns undefined", () => undefined, /expected an object of outputs by name; got undefined$/],
  ["returns a list", () => [[1, 2]], /got an Array$/],
  [
    "returns another name",
    () => ({ z: [1, 2] }),
    /output "y" of the signature is missing; got "z"$/,
  ],
  ["returns one name too many", () => ({ y: [1, 2], z: [1] }), /"z" is not in the signature/],
  [
    "returns the name __proto__",
    () => JSON.parse('{"y":[1,2],"__proto__":[1]}'),
    /"__proto__" is not in the signature/,
  ],
  [
    "returns an inherited output",
    () => Object.create({ y: [1, 2] }),
    /"y" of the signature is missing/,
  ],
  [
    "returns another dtype",
    () => ({ y: tensor("int32", [2], [1, 2]) }),
    /must be float32; got int32$/,
  ],
  ["returns another typed array", () => ({ y: new Float64Array(2) }), /got a Float64Array/],
  ["returns strings for numbers", () => ({ y: ["1", "2"] }), /expected a number; got "1"/],
  ["returns fewer rows", () => ({ y: [1] }), /must have 2 rows, as "x" has; got 1/],
  [
    "returns a shape that contradicts the data",
    () => ({ y: { dtype: "float32", shape: [2], data: new Float32Array(3) } }),
    /must have 2 entries; got 3$/,
  ],
  [
    "returns a shape that is a proxy",
    () => ({ y: { dtype: "float32", shape: new Proxy([3], {}), data: new Float32Array(2) } }),
    /must have/,
  ],
  ["returns a promise as output", () => ({ y: Promise.resolve([1, 2]) }), /await it first$/],
  ["resolves with a revoked proxy as output", async () => ({ y: revoked() }), /cannot be read/],
  [
    "returns a getter that throws",
    () => ({
      get y() {
        return thrower(new Error("boo"))();
      },
    }),
    /cannot be read: boo$/,
  ],
];

const careless = new Map(
  [...THROWN, ...UNFIT].map(([name, predict]) => [name, { predict }] as const),
);
/** Of other kinds than rows of a table. */
const others: Readonly<Record<string, Partial<PredictorLike>>> = {
  healthy: { predict: ({ x }) => ({ y: x?.data }) as never },
  "never settles": { predict: () => new Promise(() => {}) },
  "writes each answer to one buffer": { predict: () => ({ y: buffer }) as never },
};

const platform = definePlatform({
  name: "careless",
  accepts: async () => true,
  load: ({ path }) =>
    ({
      signatures: { serving_default: { inputs: { x: vector }, outputs: { y: vector } } },
      batchable: true,
      ...(careless.get(path) ?? others[path]),
    }) as PredictorLike,
})();

const listOf = (path: string, name: string): AspiredVersions<StoragePath> => ({
  name,
  versions: [{ id: servableId(name, 1), data: { path } }],
});
const lists = [
  ...[...careless.keys()].map((path, i) => listOf(path, `m${i}`)),
  ...Object.keys(others).map((path) => listOf(path, path.replaceAll(" ", "-"))),
];

describe.each([1, 2])("with %i event loops, a model that", (count) => {
  let server: ModelServer;
  let port: number;
  let grpc: GrpcClient;
  const log: string[] = [];
  /** Errors that reached nobody: they end a process. */
  const lost: unknown[] = [];
  const lose = (error: unknown) => void lost.push(error);

  beforeAll(async () => {
    process.on("unhandledRejection", lose);
    const error = (about: object, line: string) =>
      log.push(`${line}: ${(about as { err?: Error }).err?.message}`);
    server = await createModelServer({
      platforms: [platform],
      sources: [of(...lists)],
      ready: ["healthy", ...THROWN.map((_, i) => `m${i}`)],
      startUpPolicy: "all",
      logger: { info() {}, warn() {}, error } as never,
      ...(count > 1 && { threads: { count, reusePortSocket } }),
    });
    ({ port } = await server.listen({ port: 0, host: "127.0.0.1" }));
    const { port: grpcPort } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
    grpc = new GrpcClient(`127.0.0.1:${grpcPort}`);
  }, 60_000);
  afterAll(async () => {
    grpc[Symbol.dispose]();
    await server.close({ deadlineMs: 1_000 });
    process.off("unhandledRejection", lose);
    expect(lost).toEqual([]);
  });

  const rest = (name: string, values: readonly number[] = [1, 2]) =>
    send(port, "POST", `/v1/models/${name}:predict`, JSON.stringify({ instances: values }));
  const overGrpc = (name: string) =>
    grpc.predict({
      model_spec: { name },
      inputs: { x: { dtype: 1, tensor_shape: { dim: [{ size: 2 }] }, float_val: [1, 2] } },
    });
  const healthy = async () => expect((await rest("healthy")).status).toBe(200);

  it.each(THROWN)("%s is INTERNAL, with its words in the log", async (name, _, sentence) => {
    const model = `m${[...careless.keys()].indexOf(name)}`;
    log.length = 0;
    const { status, body } = await rest(model);
    expect([status, body.error]).toEqual([500, expect.stringMatching(/^internal error; the log/)]);
    const failure = await overGrpc(model).catch((error) => error);
    expect(failure).toBeInstanceOf(GrpcFailure);
    expect([failure.code, failure.message]).toEqual([13, expect.stringMatching(/^internal error/)]);
    const error = await server.predict(model, { x }).catch((thrown) => thrown);
    expect(isServingError(error) && [error.reason, error.message]).toEqual([
      "MODEL_THREW",
      expect.stringMatching(sentence),
    ]);
    if (count === 1) expect(log).toHaveLength(2);
    await healthy();
  });

  it.each(UNFIT)("%s is reported to its caller", async (name, _, sentence) => {
    const model = `m${[...careless.keys()].indexOf(name)}`;
    const { status, body } = await rest(model);
    expect([status, body.error]).toEqual([500, expect.stringMatching(sentence)]);
    const failure = await overGrpc(model).catch((error) => error);
    expect([failure.code, failure.message]).toEqual([13, expect.stringMatching(sentence)]);
    const error = await server.predict(model, { x }).catch((thrown) => thrown);
    expect(isServingError(error) && [error.reason, error.message]).toEqual([
      "OUTPUT_INVALID",
      expect.stringMatching(sentence),
    ]);
    await healthy();
  });

  it("writes each answer to one buffer is reported from the second call on", async () => {
    const name = "writes-each-answer-to-one-buffer";
    await server.predict(name, large);
    await expect(server.predict(name, large)).rejects.toThrow(
      /has the memory of the answer before/,
    );
    await healthy();
  });
});

/** Moves the clock until a promise has settled. */
async function onClock<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) await clock.advance(100);
  return promise;
}

it("a call that never settles ends at its deadline and with its caller, and does not keep the server", async () => {
  const clock = new FakeClock();
  const starting = createModelServer({
    platforms: [platform],
    sources: [of(listOf("never settles", "m"))],
    ready: ["m"],
    rest: { timeoutMs: 1_000 },
    clock,
  });
  const server = await onClock(clock, starting);
  const body = JSON.stringify({ instances: [1] });
  const request = new Request("http://localhost/v1/models/m:predict", { method: "POST", body });
  const calls = Promise.all([
    server.fetch(request).then((answer) => answer?.status),
    server.predict("m", { x }, { timeoutMs: 500 }).catch(({ code }) => code),
  ]);
  const controller = new AbortController();
  const aborted = server.predict("m", { x }, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(aborted).rejects.toThrow("enough");
  expect(await onClock(clock, calls)).toEqual([504, "DEADLINE_EXCEEDED"]);
  await expect(onClock(clock, server.close())).rejects.toMatchObject({
    reason: "CLOSE_FAILED",
    cause: {
      errors: [{ message: expect.stringMatching(/calls in flight did not end within 30000 ms/) }],
    },
  });
});
