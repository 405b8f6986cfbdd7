import assert from "node:assert/strict";
import type { Runner } from "../runner.js";
import { registerSuite } from "../suite.js";
import { answerClauses } from "./protocol-answers.js";
import { callClauses } from "./protocol-calls.js";
import { ProtocolKit } from "./protocol-kit.js";
import type { ProtocolConformanceOptions } from "./protocol-options.js";
import { streamClauses } from "./protocol-streams.js";

/**
 * Registers the tests that prove that a protocol keeps its side of the contract of `Protocol`: PR1 to PR10, and
 * PL1 of `Plugin`.
 *
 * The suite serves the protocol with the real server over real sockets, in front of models of its own. The author
 * writes and reads the messages of a prediction:
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
  const fixture = {
    "has a transport, and each of them carries float32": async () => {
      const subjects = [options.http, options.grpc].filter((one) => one !== undefined);
      assert.ok(subjects.length > 0, "expected http or grpc; got neither");
      for (const { dtypes } of subjects) assert.ok(dtypes.includes("float32"), `got ${dtypes}`);
    },
  };
  registerSuite(runner, options, "Protocol", fixture, {
    ...callClauses(kit),
    ...answerClauses(kit),
    ...streamClauses(kit),
  });
}
