import assert from "node:assert/strict";
import type { Protocol } from "@serving-kit/server";
import type { Tests } from "../suite.js";
import { Doors, Doorway } from "./doors.js";
import { MODELS } from "./fixture-model.js";
import { callOf, type ProtocolKit } from "./protocol-kit.js";
import { ProtocolStage, type StageOptions } from "./protocol-stage.js";

/** The clauses about the start and the shutdown of a server: PS1, PS5 and PS6. */
export const lifeClauses = (kit: ProtocolKit): Tests => ({
  ...clashClauses(kit),
  ...phaseClauses(kit),
});

const clashClauses = (kit: ProtocolKit): Tests => ({
  "PS1 a route or service of two protocols is an error of the start that names both": async () => {
    for (const transport of ["http", "grpc"] as const) {
      if (kit.options[transport] === undefined) continue;
      const { http, grpc, ...others } = await kit.options.create();
      const twin = { ...others, ...(transport === "http" ? { http } : { grpc }), name: "twin" };
      const error = await startError(kit, { protocols: [twin as Protocol] });
      assert.ok(
        error instanceof Error,
        `expected the start to fail: ${transport} of two protocols`,
      );
      for (const name of [others.name, "twin"]) {
        assert.ok(error.message.includes(name), `expected "${name}" in "${error.message}"`);
      }
    }
  },
});

/** Returns the error of a start; undefined if it succeeds. */
async function startError(kit: ProtocolKit, options: StageOptions): Promise<unknown> {
  try {
    await using _ = await ProtocolStage.create(kit.options, options);
    return undefined;
  } catch (error) {
    return error;
  }
}

const phaseClauses = (kit: ProtocolKit): Tests => ({
  "PS5 while the server starts calls are UNAVAILABLE, and what calls no model is answered":
    async () => {
      const doors = new Doors();
      const beforeStart = async ({ transports }: ProtocolStage) => {
        for (const transport of transports) {
          using shut = new Doorway(transport, "shut");
          const { isOk, message } = await kit.within(shut.enter(), "an answer of a route");
          assert.ok(isOk, `expected an answer while the server starts; got "${message}"`);
          if (!transport.predicts) continue;
          const answer = transport.predict(callOf(MODELS.half, 1));
          await kit.refuses(transport, answer, "UNAVAILABLE", "a call while the server starts");
        }
      };
      await kit.staged(async () => {}, { protocols: [doors.protocol], beforeStart })();
    },

  "PS6 while it closes it rejects all requests except whileClosing, and waits for those that have started":
    async () => {
      const doors = new Doors();
      const closing = async (stage: ProtocolStage) => {
        stage.models.behaviour = "hangs";
        const begun = stage.transports
          .filter(({ predicts }) => predicts)
          .map((transport) => transport.predict(callOf(MODELS.half, 1)));
        for (const answer of begun) answer.catch(() => {}); // checked below
        await kit.until(() => stage.models.runs.length === begun.length, "a run of each");
        const closed = stage.server?.close() ?? assert.fail("expected a server");
        await refusedWhileClosing(kit, stage, begun.length > 0);
        stage.models.release();
        for (const answer of begun) {
          const { isOk, message } = await kit.within(answer, "an answer that was begun");
          assert.ok(isOk, `expected what was begun to be answered; got "${message}"`);
        }
        for (const transport of stage.transports) transport[Symbol.dispose]();
        await kit.within(closed, "the server to close");
      };
      await kit.staged(closing, { protocols: [doors.protocol] })();
    },
});

/** Asserts that HTTP requests are refused, and that new gRPC calls fail because their connections receive GOAWAY. */
async function refusedWhileClosing(kit: ProtocolKit, stage: ProtocolStage, isBusy: boolean) {
  for (const transport of stage.transports) {
    if (transport.name === "HTTP" && isBusy) {
      using open = new Doorway(transport, "open");
      const { isOk } = await kit.within(open.enter(), "an answer of whileClosing");
      assert.ok(isOk, "expected a route with whileClosing to be answered");
      using shut = new Doorway(transport, "shut");
      await kit.refuses(transport, shut.enter(), "UNAVAILABLE", "a route while the server closes");
    }
    if (!transport.predicts) continue;
    const late = transport.predict(callOf(MODELS.half, 1)).catch(() => ({ isOk: false }));
    const { isOk } = await kit.within(late, "an answer while the server closes");
    assert.ok(!isOk, `expected a call over ${transport.name} to fail while the server closes`);
  }
}
