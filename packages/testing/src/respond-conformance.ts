import assert from "node:assert/strict";
import { isServingError, unload } from "@serving-kit/core";
import type { Predictor, Tensors } from "@serving-kit/inference";
import type { Runner, SuiteOptions } from "./runner.js";
import { registerSuite, type Tests } from "./suite.js";
import { assertOutputs, copyOf, DEFAULT_TOLERANCE } from "./tensor-assertions.js";
import { DEFAULT_TIMEOUT_MS, rejectionOf, within } from "./waiting.js";

/** A body with the expected response. */
export interface RespondExample {
  readonly body: Uint8Array;
  /** The expected response, byte for byte. */
  readonly answer: Uint8Array;
  /** True if the model refuses it. Default false. */
  readonly isRefusal?: boolean;
}

/** Options for `respondConformance`. */
export interface RespondConformanceOptions extends SuiteOptions {
  /** Creates a new predictor that is ready for calls. The suite disposes it. */
  create(): Promise<Predictor>;
  readonly format: string;
  /** At least two examples with different responses, and one that is refused. */
  readonly examples: readonly RespondExample[];
  /** Inputs for `predict`, their expected outputs, and inputs that the model refuses. */
  readonly tensors: {
    readonly inputs: Tensors;
    readonly outputs: Tensors;
    readonly refused: Tensors;
  };
}

type Responding = Predictor & Required<Pick<Predictor, "respond">>;

/**
 * Registers the tests that verify that a predictor keeps the clauses of `Predictor.respond`: S13 to S16. Run it also on
 * wrappers of the predictor.
 */
export function respondConformance(runner: Runner, options: RespondConformanceOptions): void {
  const { create, timeoutMs = DEFAULT_TIMEOUT_MS, examples } = options;
  const withPredictor = async (test: (predictor: Responding) => Promise<void>) => {
    const predictor = await create();
    try {
      assert.equal(typeof predictor.respond, "function", "expected a predictor with respond");
      await test(predictor as Responding);
    } finally {
      await unload(predictor);
    }
  };
  const fixture: Tests = {
    "has examples with different answers, one of them refused": async () => {
      const answers = new Set(examples.map(({ answer }) => Buffer.from(answer).toString("base64")));
      assert.ok(answers.size >= 2, `expected two different answers; got ${answers.size}`);
      assert.ok(
        examples.some(({ isRefusal }) => isRefusal),
        "expected one that is refused",
      );
    },
  };
  const kit = { options, withPredictor, timeoutMs };
  registerSuite(runner, options, "Predictor.respond", fixture, {
    ...answerClauses(kit),
    ...limitClauses(kit),
    ...tensorClauses(kit),
  });
}

interface Kit {
  readonly options: RespondConformanceOptions;
  readonly timeoutMs: number;
  withPredictor(test: (predictor: Responding) => Promise<void>): Promise<void>;
}

function answerClauses({ options, withPredictor, timeoutMs }: Kit): Tests {
  const { examples, format } = options;
  const check = async (predictor: Responding, { body, answer, isRefusal }: RespondExample) => {
    const given = Buffer.from(body);
    const got = await within(predictor.respond(given, format), timeoutMs, "expected an answer");
    assert.deepEqual(Buffer.from(got.body), Buffer.from(answer));
    assert.equal(got.isRefusal, isRefusal ?? false, "isRefusal");
    assert.deepEqual(given, Buffer.from(body), "the body was modified (S4)");
  };
  return {
    "S13 returns the body of the model, byte for byte": () =>
      withPredictor(async (predictor) => {
        for (const example of examples.filter((one) => !one.isRefusal))
          await check(predictor, example);
      }),

    "S13 rejects another format": () =>
      withPredictor(async (predictor) => {
        const { body } = examples[0] as RespondExample;
        const call = () => predictor.respond(body, "text/of-another-protocol");
        const error = await rejectionOf(call, timeoutMs, "another format");
        assert.ok(isServingError(error), `expected a ServingError; got ${error}`);
        assert.deepEqual([error.code, error.reason], ["UNIMPLEMENTED", "FORMAT_UNSUPPORTED"]);
      }),

    "S14 a refusal of the model resolves": () =>
      withPredictor(async (predictor) => {
        for (const example of examples.filter((one) => one.isRefusal))
          await check(predictor, example);
      }),

    "S15 concurrent calls get their own answers (S5)": () =>
      withPredictor(async (predictor) => {
        const calls = Array.from({ length: 8 }, () => examples).flat();
        await Promise.all(calls.map((example) => check(predictor, example)));
      }),

    "S15 answers own their memory, after disposal too (S3)": async () => {
      const [example] = examples as [RespondExample];
      let body: Uint8Array | undefined;
      await withPredictor(async (predictor) => {
        ({ body } = await predictor.respond(Buffer.from(example.body), format));
        for (const other of examples) await predictor.respond(Buffer.from(other.body), format);
      });
      assert.deepEqual(Buffer.from(body ?? []), Buffer.from(example.answer));
    },
  };
}

function limitClauses({ options, withPredictor, timeoutMs }: Kit): Tests {
  const { examples, format } = options;
  const [{ body }] = examples as [RespondExample];
  return {
    "S15 an aborted signal rejects with its reason (S7)": () =>
      withPredictor(async (predictor) => {
        const reason = new Error("enough");
        const before = AbortSignal.abort(reason);
        const call = () => predictor.respond(body, format, { signal: before });
        assert.equal(await rejectionOf(call, timeoutMs, "aborted before"), reason);
        const controller = new AbortController();
        const running = predictor.respond(body, format, { signal: controller.signal });
        controller.abort(reason);
        const during = await rejectionOf(() => running, timeoutMs, "aborted during");
        assert.equal(during, reason);
      }),

    "S15 a deadline that has passed rejects (S12)": () =>
      withPredictor(async (predictor) => {
        const call = () =>
          predictor.respond(body, format, { deadlineAtMs: Number.NEGATIVE_INFINITY });
        const error = await rejectionOf(call, timeoutMs, "a late call");
        assert.ok(isServingError(error) && error.code === "DEADLINE_EXCEEDED", `got ${error}`);
      }),

    "S15 after disposal every call rejects (S10), and disposal can be repeated (S11)": () =>
      withPredictor(async (predictor) => {
        await unload(predictor);
        await unload(predictor);
        const error = await rejectionOf(() => predictor.respond(body, format), timeoutMs, "closed");
        assert.ok(isServingError(error) && error.reason === "PREDICTOR_CLOSED", `got ${error}`);
      }),
  };
}

function tensorClauses({ options, withPredictor, timeoutMs }: Kit): Tests {
  const { inputs, outputs, refused } = options.tensors;
  return {
    "S16 it has no signatures and is not batchable": () =>
      withPredictor(async ({ signatures, batchable }) => {
        assert.deepEqual([signatures.size, batchable], [0, false]);
      }),

    "S16 predict accepts tensors under any signature name": () =>
      withPredictor(async (predictor) => {
        for (const call of [{}, { signature: "of_another_name" }]) {
          const got = await within(
            predictor.predict(copyOf(inputs), call),
            timeoutMs,
            "expected outputs",
          );
          assertOutputs(got, outputs, DEFAULT_TOLERANCE, "predict");
        }
      }),

    "S16 a refusal rejects with INVALID_ARGUMENT": () =>
      withPredictor(async (predictor) => {
        const error = await rejectionOf(
          () => predictor.predict(copyOf(refused)),
          timeoutMs,
          "refused",
        );
        assert.ok(isServingError(error) && error.code === "INVALID_ARGUMENT", `got ${error}`);
      }),
  };
}
