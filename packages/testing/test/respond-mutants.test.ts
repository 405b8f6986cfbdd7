import type { Predictor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { respondConformance } from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";
import { RespondingPredictor, respondOptions } from "./responding-predictor.js";

type Responding = Predictor & Required<Pick<Predictor, "respond">>;

/** The clauses that a predictor breaks when some of its members are others. */
async function brokenBy(change: (predictor: Responding) => Partial<Predictor>): Promise<string[]> {
  const create = async () => {
    const predictor = new RespondingPredictor();
    const { signatures, batchable } = predictor;
    return {
      ...{ signatures, batchable },
      predict: predictor.predict.bind(predictor),
      respond: predictor.respond.bind(predictor),
      [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
      ...change(predictor),
    };
  };
  const failures = await failuresOf((runner) =>
    respondConformance(runner, { name: "mutant", create, ...respondOptions, timeoutMs: 1_000 }),
  );
  return [...failures.keys()];
}

describe("respondConformance rejects a predictor", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(() => ({}))).toEqual([]);
  });

  it("S13 that answers other bytes, or any format", async () => {
    const adding: Parameters<typeof brokenBy>[0] = (own) => ({
      async respond(...call) {
        const { body, isRefusal } = await own.respond(...call);
        return { body: isRefusal ? body : Buffer.concat([body, Buffer.from("\n")]), isRefusal };
      },
    });
    expect(await brokenBy(adding)).toContain("S13");
    const lenient: Parameters<typeof brokenBy>[0] = (own) => ({
      respond: (body, _, options) => own.respond(body, respondOptions.format, options),
    });
    expect(await brokenBy(lenient)).toEqual(["S13"]);
  });

  it("S14 that rejects with a refusal of the model", async () => {
    const rejecting: Parameters<typeof brokenBy>[0] = (own) => ({
      async respond(...call) {
        const answer = await own.respond(...call);
        if (answer.isRefusal) throw new Error("refused");
        return answer;
      },
    });
    expect(await brokenBy(rejecting)).toContain("S14");
  });

  it("S15 that ignores signal and deadline, lends its memory, or answers after disposal", async () => {
    const deaf: Parameters<typeof brokenBy>[0] = (own) => ({
      respond: (body, format) => own.respond(body, format),
    });
    expect(await brokenBy(deaf)).toEqual(["S15"]);
    const memory = Buffer.alloc(64);
    const lending: Parameters<typeof brokenBy>[0] = (own) => ({
      async respond(...call) {
        const { body, isRefusal } = await own.respond(...call);
        memory.set(body);
        return { body: memory.subarray(0, body.length), isRefusal };
      },
    });
    expect(await brokenBy(lending)).toContain("S15");
    expect(await brokenBy(() => ({ [Symbol.asyncDispose]: async () => {} }))).toEqual(["S15"]);
  });

  it("S16 that is batchable, wants one signature, or answers tensors with a refusal", async () => {
    expect(await brokenBy(() => ({ batchable: true }))).toEqual(["S16"]);
    const named: Parameters<typeof brokenBy>[0] = (own) => ({
      predict: (inputs, options) =>
        options?.signature ? Promise.reject(new Error("none")) : own.predict(inputs, options),
    });
    expect(await brokenBy(named)).toEqual(["S16"]);
    const answering: Parameters<typeof brokenBy>[0] = (own) => ({
      predict: (...call) => own.predict(...call).catch(() => ({})),
    });
    expect(await brokenBy(answering)).toEqual(["S16"]);
  });
});
