import assert from "node:assert/strict";
import type { Runner, Skip } from "../runner.js";
import { registerSuite } from "../suite.js";
import { answerClauses } from "./protocol-answers.js";
import { callClauses } from "./protocol-calls.js";
import { ProtocolKit } from "./protocol-kit.js";
import { memoryClauses } from "./protocol-memory.js";
import { type ProtocolConformanceOptions, predicting } from "./protocol-options.js";
import { streamClauses } from "./protocol-streams.js";

const NO_CALLS: Skip = {
  reason: "it makes no predictions",
  clauses: ["PR2", "PR3", "PR4", "PR5", "PR6", "PR7", "PR8", "PR9", "PR11"],
};

/**
 * Registers the tests that verify that a protocol keeps its side of the contract of `Protocol`, PR1 to PR11, and PL1 of
 * `Plugin`.
 *
 * For a protocol that makes no predictions, such as a page, leave out `predict`: then PR1, PL1 and PR10 are tested.
 *
 * The suite runs the protocol in the real server over real sockets, with its own models. The author provides functions
 * that write and read the messages of a prediction:
 *
 * ```ts
 * protocolConformance({ describe, it }, {
 *   name: "plain",
 *   create: () => plain(),
 *   http: {
 *     dtypes: ["float32"],
 *     predict: ({ model, inputs }) => ({ path: `/plain/${model}`, body: write(inputs) }),
 *     outputs: ({ body }) => read(body),
 *     message: ({ body }) => JSON.parse(String(body)).error,
 *   },
 * });
 * ```
 */
export function protocolConformance(runner: Runner, options: ProtocolConformanceOptions): void {
  const kit = new ProtocolKit(options);
  const subjects = predicting(options);
  const fixture = {
    "has a transport, and each that predictions are made over carries float32": async () => {
      assert.ok(options.http ?? options.grpc, "expected http or grpc; got neither");
      for (const { dtypes } of subjects) assert.ok(dtypes.includes("float32"), `got ${dtypes}`);
    },
    "names apis only if predictions are made": async () => {
      const { apis } = await options.create();
      assert.ok(subjects.length > 0 || apis.length === 0, `expected predict for ${apis.join()}`);
    },
  };
  const skip = subjects.length > 0 ? [] : [NO_CALLS];
  registerSuite(
    runner,
    { ...options, skip: [...skip, ...(options.skip ?? [])] },
    "Protocol",
    fixture,
    {
      ...callClauses(kit),
      ...answerClauses(kit),
      ...memoryClauses(kit),
      ...streamClauses(kit),
    },
  );
}
