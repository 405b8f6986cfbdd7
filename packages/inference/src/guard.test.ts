import { isServingError, type ServingError } from "@serving-kit/core";
import { FakeClock, turn } from "@serving-kit/testing";
import { describe, expect, it } from "vitest";
import { type GuardOptions, guard } from "./guard.js";
import type { PredictOptions } from "./predictor.js";
import type { PredictorLike } from "./predictor-like.js";
import { type Tensor, type Tensors, tensor } from "./tensor.js";

const x = tensor("float32", [2], [1, 2]);
const vector = { dtype: "float32", shape: [-1] } as const;
const signatures = {
  serving_default: { inputs: { x: vector }, outputs: { y: vector }, checksShapes: true },
};

/** A predictor with a `predict` function only. */
const of = (predict: unknown, members: object = {}): PredictorLike =>
  ({ signatures, batchable: true, predict, ...members }) as PredictorLike;

const guarded = (predict: unknown, options: GuardOptions = {}, members: object = {}) =>
  guard(of(predict, members), options);

/** Returns the error of a rejected call, which must be a ServingError that can be logged and returned. */
async function errorOf(call: PromiseLike<unknown>): Promise<ServingError> {
  const error = await call.then(
    (value) => expect.unreachable(`resolved with ${Object.keys(value as object)}`),
    (error: unknown) => error,
  );
  if (!isServingError(error)) return expect.unreachable("expected a ServingError");
  JSON.stringify([error.name, error.message, error.stack, error.code, error.details]);
  if (error.cause instanceof Error) JSON.stringify([error.cause.name, error.cause.stack]);
  return error;
}

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const thrower = (thrown: unknown) => () => {
  throw thrown;
};
const hostileError = () =>
  Object.defineProperty(new Error("x"), "name", { get: thrower(new Error("name")) });
/** A constant, because the linter rejects a literal `then`. */
const THEN = "then";
const shared = new Float32Array(64);
const large = tensor("float32", [64], new Float32Array(64));

describe("careless models: each call gets a sentence", () => {
  it.each<[string, unknown, string, RegExp]>([
    [
      "throws an error",
      thrower(new Error("boo")),
      "MODEL_THREW",
      /^predict of the model threw: boo$/,
    ],
    ["throws a string", thrower("boo"), "MODEL_THREW", /threw: boo$/],
    ["throws undefined", thrower(undefined), "MODEL_THREW", /threw: undefined$/],
    ["throws a revoked proxy", thrower(revoked()), "MODEL_THREW", /threw: a value that has no/],
    ["throws what has no text", thrower(Object.create(null)), "MODEL_THREW", /threw: a value/],
    [
      "throws an error with a hostile name",
      () => thrower(hostileError())(),
      "MODEL_THREW",
      /threw: x$/,
    ],
    [
      "throws an error whose stack is not text",
      thrower(Object.assign(new Error("x"), { stack: 1 })),
      "MODEL_THREW",
      /threw: x$/,
    ],
    ["rejects with nothing", () => Promise.reject(), "MODEL_THREW", /threw: undefined$/],
    [
      "rejects with a revoked proxy",
      async () => {
        throw revoked();
      },
      "MODEL_THREW",
      /a value that has no/,
    ],
    [
      "returns undefined",
      () => undefined,
      "OUTPUT_INVALID",
      /expected an object of outputs by name; got undefined$/,
    ],
    ["resolves with null", async () => null, "OUTPUT_INVALID", /got null$/],
    ["returns a list", () => [[1, 2]], "OUTPUT_INVALID", /got an Array$/],
    ["returns a number", () => 1, "OUTPUT_INVALID", /got a number$/],
    ["returns a revoked proxy", revoked, "MODEL_THREW", /revoked/],
    [
      "resolves with an output that is a revoked proxy",
      async () => ({ y: revoked() }),
      "OUTPUT_INVALID",
      /cannot be read.*revoked/,
    ],
    [
      "returns a getter that throws",
      () => ({
        get y() {
          return thrower(new Error("boo"))();
        },
      }),
      "OUTPUT_INVALID",
      /cannot be read: boo$/,
    ],
    [
      "returns a then that throws",
      () => Object.defineProperty({}, THEN, { get: thrower(new Error("boo")) }),
      "MODEL_THREW",
      /boo$/,
    ],
    [
      "returns another name",
      () => ({ z: [1, 2] }),
      "OUTPUT_INVALID",
      /output "y" of the signature is missing; got "z"$/,
    ],
    [
      "returns one name too many",
      () => ({ y: [1, 2], z: [1] }),
      "OUTPUT_INVALID",
      /output "z" is not in the signature; expected one of "y"$/,
    ],
    [
      "returns __proto__",
      () => JSON.parse('{"y":[1,2],"__proto__":[1]}'),
      "OUTPUT_INVALID",
      /"__proto__" is not in the signature/,
    ],
    [
      "returns an inherited output",
      () => Object.create({ y: [1, 2] }),
      "OUTPUT_INVALID",
      /"y" of the signature is missing/,
    ],
    [
      "returns another dtype",
      () => ({ y: tensor("int32", [2], [1, 2]) }),
      "OUTPUT_INVALID",
      /"y" must be float32; got int32$/,
    ],
    [
      "returns another typed array",
      () => ({ y: new Float64Array(2) }),
      "OUTPUT_INVALID",
      /got a Float64Array; if its numbers are meant, pass Float32Array.from\(it\)$/,
    ],
    [
      "returns strings",
      () => ({ y: ["1", "2"] }),
      "OUTPUT_INVALID",
      /"y"\[0\]: expected a number; got "1"; write Number\(it\)$/,
    ],
    [
      "returns a hole",
      () => ({ y: [1, undefined] }),
      "OUTPUT_INVALID",
      /"y"\[1\]: expected a number; got undefined/,
    ],
    ["returns another rank", () => ({ y: [[1, 2]] }), "OUTPUT_INVALID", /got 2 levels of lists/],
    [
      "returns a tensor of another rank",
      () => ({ y: tensor("float32", [2, 1], [1, 2]) }),
      "PREDICTION_FAILED",
      /must have shape \[-1\] .*the model computed \[2,1\]$/,
    ],
    [
      "returns fewer rows",
      () => ({ y: [1] }),
      "OUTPUT_INVALID",
      /"y" must have 2 rows, as "x" has; got 1/,
    ],
    [
      "returns a tensor that contradicts itself",
      () => ({ y: { dtype: "float32", shape: [2], data: new Float32Array(3) } }),
      "OUTPUT_INVALID",
      /must have 2 entries; got 3$/,
    ],
    [
      "returns a promise as output",
      () => ({ y: Promise.resolve([1, 2]) }),
      "OUTPUT_INVALID",
      /got a Promise; await it first$/,
    ],
  ])("%s", async (_, predict, reason, message) => {
    const predictor = guarded(predict);
    const error = await errorOf(predictor.predict({ x }));
    expect([error.code, error.reason]).toEqual(["INTERNAL", reason]);
    expect(error.message).toMatch(message);
    await predictor[Symbol.asyncDispose]();
  });

  it("writes each answer to the same buffer", async () => {
    const predictor = guarded(() => ({ y: shared }));
    await predictor.predict({ x: large });
    const error = await errorOf(predictor.predict({ x: large }));
    expect(error.message).toMatch(/output "y" has the memory of the answer before.*data.slice\(\)/);
    // Non-overlapping parts of one buffer are separate answers.
    let part = 0;
    const slab = new Float32Array(64 * 4);
    const slabs = guarded(() => ({ y: slab.subarray(64 * part, 64 * ++part) }));
    for (let i = 0; i < 4; i++) await slabs.predict({ x: large });
  });

  it("E5 never settles: the deadline and the signal end the call, and disposal ends too", async () => {
    const clock = new FakeClock();
    const predictor = guarded(() => new Promise(() => {}), { clock, disposalTimeoutMs: 1_000 });
    const late = errorOf(predictor.predict({ x }, { deadlineAtMs: clock.now() + 10 }));
    const controller = new AbortController();
    const aborted = predictor.predict({ x }, { signal: controller.signal });
    controller.abort("enough");
    await expect(aborted).rejects.toBe("enough");
    await clock.advance(10);
    expect((await late).reason).toBe("DEADLINE_EXCEEDED");
    const disposal = errorOf(predictor[Symbol.asyncDispose]());
    await turn();
    await clock.advance(1_000);
    const { reason, message } = await disposal;
    expect(reason).toBe("DISPOSAL_TIMED_OUT");
    expect(message).toMatch(/^calls in flight did not end within 1000 ms/);
  });

  it("has a disposal that never ends, or throws", async () => {
    const clock = new FakeClock();
    const endless = { [Symbol.asyncDispose]: () => new Promise(() => {}) };
    const disposal = errorOf(guarded(() => ({ y: x }), { clock }, endless)[Symbol.asyncDispose]());
    await turn();
    await clock.advance(30_000);
    expect((await disposal).message).toMatch(/^disposal of the model did not end within 30000 ms/);
    const throwing = { [Symbol.asyncDispose]: thrower(revoked()) };
    const thrown = errorOf(guarded(() => ({ y: x }), {}, throwing)[Symbol.asyncDispose]());
    expect((await thrown).reason).toBe("MODEL_THREW");
  });

  it("accepts bytes for strings as they are, and rejects other elements", async () => {
    const text = { dtype: "string", shape: [-1] } as const;
    const strings = { serving_default: { inputs: { x: vector }, outputs: { y: text } } };
    const predict = () => ({ y: { dtype: "string", shape: [2], data: ["a", "b"] } });
    const error = await errorOf(guarded(predict, {}, { signatures: strings }).predict({ x }));
    expect(error.message).toMatch(/of dtype string must have an array of Uint8Array as data$/);
  });

  it.each<[string, () => unknown]>([
    ["nothing", () => undefined],
    ["a revoked proxy", revoked],
    [
      "getters that throw",
      () => ({
        get signatures() {
          return thrower(new Error("boo"))();
        },
      }),
    ],
    ["a signature that is a revoked proxy", () => of(() => ({}), { signatures: { a: revoked() } })],
    ["no signatures", () => of(() => ({}), { signatures: undefined })],
    ["no function", () => of(undefined)],
    [
      "a dtype that is none",
      () =>
        of(() => ({}), {
          signatures: { a: { inputs: {}, outputs: { y: { dtype: "float", shape: [] } } } },
        }),
    ],
  ])("is %s: refused when it is loaded", (_, make) => {
    expect(() => guard(make() as PredictorLike, { where: "load" })).toThrow(
      expect.objectContaining({
        reason: "PREDICTOR_UNFIT",
        message: expect.stringMatching(/^load: /),
      }),
    );
  });
});

describe("guard", () => {
  it("E1 accepts plain objects and Maps, and copies them", () => {
    const spec = { dtype: "float32" as const, shape: [-1] };
    const inputs = { x: spec };
    const one = guard({
      signatures: { a: { inputs, outputs: new Map([["y", spec]]) } },
      predict: () => ({}),
    });
    inputs.x = { dtype: "float32", shape: [7] };
    spec.shape[0] = 8;
    expect(one.signatures.get("a")?.inputs.get("x")?.shape).toEqual([-1]);
    expect(one.signatures.get("a")?.outputs.get("y")?.shape).toEqual([-1]);
    expect(one.batchable).toBe(false);
    const frozen = guard(Object.freeze({ signatures, predict: () => ({ y: [1] }) }));
    expect([...frozen.signatures.keys()]).toEqual(["serving_default"]);
  });

  it("E2 keeps calls that do not fit from the predictor", async () => {
    let calls = 0;
    const predictor = guarded(() => {
      calls++;
      return { y: [1] };
    });
    const call = (inputs: Tensors, options?: PredictOptions) =>
      errorOf(predictor.predict(inputs, options));
    expect((await call({})).reason).toBe("INPUT_MISSING");
    expect((await call({ x, z: x })).reason).toBe("INPUT_UNEXPECTED");
    expect((await call({ x: tensor("int32", [1], [1]) })).reason).toBe("TENSOR_DTYPE_MISMATCH");
    expect((await call({ x: tensor("float32", [1, 1], [1]) })).reason).toBe(
      "TENSOR_SHAPE_MISMATCH",
    );
    expect((await call({ x }, { signature: "b" })).reason).toBe("SIGNATURE_NOT_FOUND");
    expect((await call({ x }, { outputs: ["b"] })).reason).toBe("OUTPUT_NOT_FOUND");
    expect((await call({ x }, { deadlineAtMs: 0 })).reason).toBe("DEADLINE_EXCEEDED");
    await expect(predictor.predict({ x }, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    await predictor[Symbol.asyncDispose]();
    expect((await call({}, { signature: "b" })).reason).toBe("PREDICTOR_CLOSED");
    expect(calls).toBe(0);
  });

  it("E2 rejects inputs of a batch with different numbers of rows", async () => {
    const two = { serving_default: { inputs: { x: vector, z: vector }, outputs: { y: vector } } };
    const predictor = guarded(() => ({ y: [1, 2] }), {}, { signatures: two });
    const error = await errorOf(predictor.predict({ x, z: tensor("float32", [1], [1]) }));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.message).toMatch(/"z" must have 2 rows, as "x" has; got 1/);
  });

  it("E3 converts outputs, and leaves out those that were not requested", async () => {
    const more = { serving_default: { inputs: { x: vector }, outputs: { y: vector, z: vector } } };
    const predictor = guarded(() => ({ z: [3, 4], y: [1, 2] }), {}, { signatures: more });
    expect({ ...(await predictor.predict({ x })) }).toEqual({
      y: x,
      z: tensor("float32", [2], [3, 4]),
    });
    expect(Object.keys(await predictor.predict({ x }, { outputs: ["z"] }))).toEqual(["z"]);
    expect(Object.keys(await predictor.predict({ x }, { outputs: [] }))).toEqual(["y", "z"]);
  });

  it.each([2, 64])(
    "E4 copies an output over the memory of an input (%i elements)",
    async (length) => {
      const data = new Float32Array(length).fill(1);
      const echo = guarded(({ x }: Tensors) => ({ y: x }));
      const { y } = await echo.predict({ x: tensor("float32", [length], data) });
      data.fill(7);
      expect(y?.data[0]).toBe(1);
      const part = guarded(({ x }: Tensors) => ({ y: (x as Tensor<"float32">).data.subarray(0) }));
      const { y: z } = await part.predict({ x: tensor("float32", [length], data) });
      data.fill(8);
      expect(z?.data[0]).toBe(7);
    },
  );

  it("E4 copies the bytes of strings, if there are strings among the inputs", async () => {
    const text = { dtype: "string", shape: [-1] } as const;
    const strings = { serving_default: { inputs: { x: text }, outputs: { y: text } } };
    const echo = guarded(({ x }: Tensors) => ({ y: x }), {}, { signatures: strings });
    const bytes = Buffer.from("abc");
    const { y } = await echo.predict({ x: tensor("string", [1], [bytes]) });
    bytes.fill(0);
    expect(`${Buffer.from(y?.data[0] as Uint8Array)}`).toBe("abc");
  });

  it("E6 rejects with a ServingError of the predictor as it is", async () => {
    const error = await errorOf(guarded(() => ({ y: [1, 2] })).predict({}));
    await expect(guarded(thrower(error)).predict({ x })).rejects.toBe(error);
  });

  it("E7 waits for calls in flight, disposes once, and can be repeated", async () => {
    const steps: string[] = [];
    let end: (value: unknown) => void = () => {};
    const dispose = async () => void steps.push("disposed");
    const predict = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    const predictor = guarded(predict, {}, { [Symbol.asyncDispose]: dispose });
    const call = predictor.predict({ x }).then(() => steps.push("answered"));
    const disposals = [predictor[Symbol.asyncDispose](), predictor[Symbol.asyncDispose]()];
    await turn();
    expect(steps).toEqual([]);
    end({ y: [1, 2] });
    await Promise.all([call, ...disposals]);
    await predictor[Symbol.asyncDispose]();
    expect(steps).toEqual(["answered", "disposed"]);
  });

  it("E8 has the other members of the predictor, inherited ones too", () => {
    class Base {
      #count = 0;
      readonly signatures = signatures;
      get count() {
        return this.#count;
      }
      allocate() {
        this.#count++;
        return undefined;
      }
      predict() {
        return { y: [1] };
      }
    }
    class Mine extends Base {
      label = "mine";
    }
    const mine = new Mine();
    const one = guard(mine) as ReturnType<typeof guard> & { count: number; label: string };
    one.allocate?.("float32", [1]);
    mine.label = "changed";
    expect([one.count, one.label]).toEqual([1, "changed"]);
    expect("share" in one).toBe(false);
  });

  it("E9 respond is guarded as predict is", async () => {
    const clock = new FakeClock();
    const answer = { body: Uint8Array.of(1), isRefusal: false };
    const ends: (() => void)[] = [];
    const steps: string[] = [];
    const predictor = guarded(
      () => ({}),
      { clock },
      {
        signatures: {},
        batchable: false,
        respond: (_: Uint8Array, format: string) => {
          if (format === "throws") throw new Error("boo");
          return new Promise((resolve) => {
            ends.push(() => {
              steps.push("answered");
              resolve(answer);
            });
          });
        },
        [Symbol.asyncDispose]: async () => void steps.push("disposed"),
      },
    );
    const respond = (options = {}, format = "slow") =>
      predictor.respond?.(Uint8Array.of(7), format, options) as Promise<unknown>;
    // E2
    expect((await errorOf(respond({ deadlineAtMs: clock.now() }))).reason).toBe(
      "DEADLINE_EXCEEDED",
    );
    await expect(respond({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(ends).toEqual([]);
    // E6
    expect((await errorOf(respond({}, "throws"))).reason).toBe("MODEL_THREW");
    // E5
    const abort = new AbortController();
    const late = errorOf(respond({ deadlineAtMs: clock.now() + 5 }));
    const aborted = expect(respond({ signal: abort.signal })).rejects.toBe("enough");
    await clock.advance(5);
    abort.abort("enough");
    expect((await late).reason).toBe("DEADLINE_EXCEEDED");
    await aborted;
    // E7
    const call = expect(respond()).resolves.toBe(answer);
    const disposals = [predictor[Symbol.asyncDispose](), predictor[Symbol.asyncDispose]()];
    await turn();
    expect(steps).toEqual([]);
    for (const end of ends) end();
    await Promise.all([call, ...disposals]);
    expect(steps).toEqual(["answered", "answered", "answered", "disposed"]);
    expect((await errorOf(respond())).reason).toBe("PREDICTOR_CLOSED");
    expect(ends).toHaveLength(3);
  });
});
