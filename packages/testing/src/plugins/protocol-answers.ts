import assert from "node:assert/strict";
import { CODES, type Code, ServingError } from "@serving-kit/core";
import type { Protocol } from "@serving-kit/server";
import type { Tests } from "../suite.js";
import { within } from "../waiting.js";
import { reachable } from "./collected.js";
import { MODELS } from "./fixture-model.js";
import { callOf, type ProtocolKit, UNKNOWN_MODEL } from "./protocol-kit.js";
import { wrapProtocol } from "./wrap-protocol.js";

const GARBAGE = [
  new Uint8Array(0),
  Buffer.from("{"),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0),
];

/** Too large to be written completely before the client reads. */
const LARGE = 2 ** 22;

/** Maximum time in ms to encode the response of `LARGE`. */
const LARGE_MS = 10_000;

/** The clauses about failures, and about memory and handles: PR6, PR8 and PR9. */
export function answerClauses(kit: ProtocolKit): Tests {
  return {
    "PR6 a failure has the status of its code, and its message": kit.over(
      async (transport, { models }) => {
        for (const code of Object.keys(CODES) as Code[]) {
          const message = `the model says ${code.toLowerCase()}`;
          models.behaviour = { throws: new ServingError(code, "SAID", message) };
          const answer = transport.predict(callOf(MODELS.half, 1));
          const text = await kit.refuses(transport, answer, code, `an error with ${code}`);
          assert.ok(text.includes(message), `expected "${message}"; got "${text}"`);
        }
        models.behaviour = "runs";
        const unknown = transport.predict(callOf(UNKNOWN_MODEL, 1));
        const text = await kit.refuses(transport, unknown, "NOT_FOUND", "an unknown model");
        assert.ok(text.includes(UNKNOWN_MODEL), `expected "${UNKNOWN_MODEL}"; got "${text}"`);
      },
    ),

    "PR6 an unexpected error is INTERNAL, and its message is kept back": kit.over(
      async (transport, { models }) => {
        models.behaviour = { throws: new TypeError("/secret/path") };
        const answer = transport.predict(callOf(MODELS.half, 1));
        const text = await kit.refuses(transport, answer, "INTERNAL", "an unexpected error");
        assert.ok(!text.includes("secret"), `expected another message; got "${text}"`);
        models.behaviour = "runs";
        await kit.answers(transport, "after an unexpected error");
      },
    ),

    "PR6 a body that makes no sense is an error, and harms no other call": kit.over(
      async (transport) => {
        for (const bytes of GARBAGE) {
          const answer = transport.garbage(callOf(MODELS.half, 1), bytes);
          const { isOk } = await kit.within(answer, "an answer to a body that makes no sense");
          assert.ok(!isOk, "expected a body that makes no sense to be refused");
        }
        await kit.answers(transport, "after a body that makes no sense");
      },
    ),

    "PR6 a call while the server starts is UNAVAILABLE": kit.staged(async () => {}, {
      beforeStart: async ({ transports }) => {
        for (const transport of transports) {
          if (!transport.predicts) continue;
          const answer = transport.predict(callOf(MODELS.half, 1));
          await kit.refuses(transport, answer, "UNAVAILABLE", "a call while the server starts");
        }
      },
    }),

    "PR8 no version is held while an answer is written, or after a failure": kit.over(
      async (transport, stage) => {
        const slow = transport.open(callOf(MODELS.large, LARGE));
        const patienceMs = Math.max(kit.timeoutMs, LARGE_MS);
        await within(slow.firstPart(), patienceMs, `expected an answer over ${transport.name}`);
        await kit.until(() => stage.held === 0, `no version held while a client reads nothing`);
        slow.leave();
        stage.models.behaviour = { throws: new TypeError("it failed") };
        await kit.within(transport.predict(callOf(MODELS.half, 1)), "an answer");
        stage.models.behaviour = "runs";
        await kit.within(transport.garbage(callOf(MODELS.half, 1), Buffer.from("{")), "an answer");
        await kit.until(() => stage.held === 0, "no version held after a failure");
      },
    ),

    "PR9 no part of a request is kept after its answer": async () => {
      const bodies: WeakRef<ArrayBufferLike>[] = [];
      const lend = (body: Uint8Array) => {
        const copy = Uint8Array.from(body);
        bodies.push(new WeakRef(copy.buffer));
        return copy;
      };
      await kit.over(
        async (transport) => {
          bodies.length = 0;
          await kit.answers(transport, "");
          await kit.within(
            transport.garbage(callOf(MODELS.half, 1), Buffer.from("{")),
            "an answer",
          );
          assert.ok(bodies.length > 0, "expected bodies that are read");
          const kept = await reachable(bodies, kit.timeoutMs);
          assert.equal(kept, 0, `bodies that are kept, over ${transport.name}`);
        },
        { wrap: (protocol) => lending(protocol, lend) },
      )();
    },
  };
}

/** Wraps a protocol so that it receives copies of request bodies. */
function lending(protocol: Protocol, lend: (body: Uint8Array) => Uint8Array): Protocol {
  return wrapProtocol(protocol, {
    route: (route) => ({
      ...route,
      handle: (request) => {
        const body = async () => lend(await request.body());
        return route.handle({ ...request, body });
      },
    }),
    method: (method) =>
      method.kind === "unary"
        ? { kind: "unary", handle: (request, context) => method.handle(lend(request), context) }
        : method,
  });
}
