import assert from "node:assert/strict";
import { tensor } from "@serving-kit/inference";
import type { Protocol } from "@serving-kit/server";
import type { Tests } from "../suite.js";
import { turn } from "../turn.js";
import { MODELS } from "./fixture-model.js";
import { callOf, type ProtocolKit, UNKNOWN_MODEL } from "./protocol-kit.js";
import type { Answered, Transport } from "./transports.js";
import { withCalls } from "./wrap-protocol.js";

const GARBAGE = Buffer.from("{");

/** The clauses about the end of calls: PS2 to PS4. */
export const callSideClauses = (kit: ProtocolKit): Tests => ({
  ...observationClauses(kit),
  ...deadlineClauses(kit),
});

const observationClauses = (kit: ProtocolKit): Tests => ({
  "PS2 a call is observed once, and ends once, after its answer was encoded": async () => {
    let early = 0;
    let isOver = () => false;
    const wrap = (protocol: Protocol) =>
      withCalls(protocol, (call) => {
        const { encode } = call;
        if (encode === undefined) return call;
        const counting: typeof encode = (...outcome) => {
          if (isOver()) early++;
          return encode(...outcome);
        };
        return { ...call, encode: counting };
      });
    await kit.over(
      async (transport, stage) => {
        isOver = () => stage.calls.some(({ ends }) => ends > 0);
        for (const [what, ask] of Object.entries(requestsOf(transport))) {
          stage.calls.length = 0;
          await kit.within(ask(), `an answer to ${what} over ${transport.name}`);
          await turn();
          const ends = stage.calls.map((call) => call.ends);
          assert.deepEqual(ends, [1], `the ends of each call: ${what} over ${transport.name}`);
        }
        assert.equal(early, 0, "calls that ended before their answer was encoded");
      },
      { wrap, server: { rest: { maxBodyBytes: 2 ** 12 } } },
    )();
  },

  "PS4 a handle is held from when the body is there until the outputs are": async () => {
    const log: string[] = [];
    let held = () => 0;
    const note = (what: string) => log.push(`${what} ${held()}`);
    await kit.over(
      async (transport, stage) => {
        held = () => stage.held;
        log.length = 0;
        await kit.answers(transport, "");
        const odd = log.filter((line) => !["body 0", "run 1", "encode 0"].includes(line));
        assert.deepEqual(odd, [], `handles at each step over ${transport.name}`);
        assert.ok(log.includes("run 1"), "expected calls that run");
        assert.equal(stage.held, 0, "handles after the answers");
      },
      { wrap: (protocol) => noting(protocol, note) },
    )();
  },
});

/** A successful request, and requests that fail at each step. */
const requestsOf = (transport: Transport): Record<string, () => Promise<Answered>> => ({
  "a prediction": () => transport.predict(callOf(MODELS.half, 1)),
  "an unknown model": () => transport.predict(callOf(UNKNOWN_MODEL, 1)),
  "a body that makes no sense": () => transport.garbage(callOf(MODELS.half, 1), GARBAGE),
  "a body that is too large over HTTP": () =>
    transport.predict({
      model: MODELS.half,
      inputs: { x: tensor("float32", [4_096], new Float32Array(4_096)) },
    }),
});

/** Wraps a protocol so that it records each step of its calls. */
function noting(protocol: Protocol, note: (what: string) => void): Protocol {
  return withCalls(protocol, (call) => {
    const { body, run, encode } = call;
    const readBody: typeof body = async (allowance) => {
      await turn();
      note("body");
      return (await body?.(allowance)) as never;
    };
    const runs: typeof run = (version, content) => {
      note("run");
      return run(version, content);
    };
    const encodes: typeof encode = (outcome, id) => {
      note("encode");
      return encode?.(outcome, id) as never;
    };
    return {
      ...call,
      run: runs,
      ...(body && { body: readBody }),
      ...(encode && { encode: encodes }),
    };
  });
}

/** A timeout for calls in ms. */
const SHORT_MS = 100;

const deadlineClauses = (kit: ProtocolKit): Tests => ({
  "PS3 a call rejects at its deadline, whatever the model does": kit.over(
    async (transport, stage) => {
      stage.models.behaviour = "ignores";
      stage.calls.length = 0;
      // On a slow machine a call may time out before it is read.
      for (let ms = SHORT_MS; stage.calls.length === 0; ms *= 2) {
        const answer = transport.predict(callOf(MODELS.half, 1), { timeoutMs: ms });
        await kit.refuses(transport, answer, "DEADLINE_EXCEEDED", "a call past its deadline");
      }
      const isOver = () => stage.calls.every(({ end }) => end === "DEADLINE_EXCEEDED");
      await kit.until(isOver, `calls that end at their deadline over ${transport.name}`);
      stage.models.behaviour = "runs";
      stage.models.release();
      await kit.answers(transport, "after a deadline");
    },
    { server: { rest: { timeoutMs: SHORT_MS } } },
  ),

  "PS3 a call rejects when its client has gone, whatever the model does": kit.over(
    async (transport, stage) => {
      stage.models.behaviour = "ignores";
      stage.models.runs.length = 0;
      stage.calls.length = 0;
      const request = transport.open(callOf(MODELS.half, 1));
      await kit.until(() => stage.models.runs.length > 0, `a run over ${transport.name}`);
      request.leave();
      const isOver = () => stage.calls.every(({ end }) => end === "CANCELLED");
      await kit.until(isOver, `a call that is cancelled over ${transport.name}`);
      assert.equal(stage.held, 0, "handles of a call that is over");
      stage.models.behaviour = "runs";
      stage.models.release();
    },
  ),
});
