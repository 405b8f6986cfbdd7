import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tensor } from "@serving-kit/inference";
import type { Tests } from "../suite.js";
import { Doorway, LARGE_BYTES } from "./doors.js";
import { MODELS } from "./fixture-model.js";
import { callOf, type ProtocolKit } from "./protocol-kit.js";
import { refused } from "./protocol-memory.js";
import type { Transport } from "./transports.js";

/** The maximum size of a body, and the floats of a larger body. */
const MAX_BYTES = 2 ** 17;
const FLOATS = 2 ** 18;

/** Size of a body that is refused. The operating system buffers a few MB of it. */
const UPLOAD_BYTES = 64_000_000;

/** The clauses about bodies, responses and connections: PS7, PS9, PS10 and PS12. */
export const limitClauses = (kit: ProtocolKit): Tests => ({
  ...bodyClauses(kit),
  ...answerClauses(kit),
  ...connectionClauses(kit),
  ...countClauses(kit),
});

const bodyClauses = (kit: ProtocolKit): Tests => ({
  "PS7 a body that is too large is rejected, and so is one that inflates too much": kit.over(
    async (transport) => {
      const inputs = { x: tensor("float32", [FLOATS], new Float32Array(FLOATS)) };
      const large = transport.predict({ model: MODELS.half, inputs });
      await refused(kit, transport, large, "a body that is too large");
      const bomb = transport.bomb(callOf(MODELS.half, 1));
      await refused(kit, transport, bomb, "a body that inflates too much");
      await kit.answers(transport, "after bodies that are too large");
    },
    { server: { rest: { maxBodyBytes: MAX_BYTES } }, maxMessageBytes: MAX_BYTES },
  ),

  "PS9 of a rejected body at most 1 MB more is read, and its connection or stream is closed":
    kit.doored(
      async (transport) => {
        using door = new Doorway(transport, "refuse");
        const taken = await kit.within(door.upload(UPLOAD_BYTES), "the end of an upload");
        const what = `bytes of a refused body that were taken over ${transport.name}`;
        assert.ok(taken < UPLOAD_BYTES / 2, `${what}: ${taken}`);
      },
      { maxMessageBytes: MAX_BYTES },
    ),
});

/** Short timeouts for responses and calls, in ms. */
const SHORT_MS = 50;

const answerClauses = (kit: ProtocolKit): Tests => ({
  "PS10 an answer that makes no progress is aborted": kit.doored(
    async (transport, { refusals }) => {
      refusals.length = 0;
      using door = new Doorway(transport, "large");
      const unread = door.open();
      await kit.within(unread.firstPart(), "the first part of an answer");
      const isGivenUp = () => refusals.includes("stalled_answer");
      await kit.until(isGivenUp, `a stalled answer over ${transport.name} to be given up`);
      const bytes = await kit.within(
        unread.ended().catch(() => 0),
        "the end of what was given up",
      );
      assert.ok(bytes < LARGE_BYTES, `expected a truncated answer over ${transport.name}`);
    },
    { server: { limits: { stalledAnswerTimeoutMs: SHORT_MS } } },
  ),

  "PS10 a stream that is idle is given up": kit.doored(
    async (transport) => {
      using door = new Doorway(transport, "idle");
      const stream = door.open();
      await kit.within(stream.firstPart(), "the first part of a stream");
      const ended = stream.ended().catch(() => 0);
      await kit.within(ended, `an idle stream over ${transport.name} to be given up`);
    },
    { server: { limits: { idleStreamTimeoutMs: SHORT_MS } } },
  ),
});

const MAX_CONNECTIONS = 8;

const connectionClauses = (kit: ProtocolKit): Tests => ({
  "PS10 connections are bounded": kit.doored(
    async (transport) => {
      const sockets = Array.from({ length: MAX_CONNECTIONS + 1 }, () => connection(transport));
      const closed = Promise.race(sockets.map((socket) => once(socket, "close")));
      await kit.within(closed, "a connection beyond the limit to be closed");
      for (const socket of sockets) socket.destroy();
      await kit.within(answered(transport), `an answer over ${transport.name} when others left`);
    },
    { server: { limits: { connections: MAX_CONNECTIONS } } },
  ),
});

/** Opens a connection that sends nothing. */
function connection({ port }: Transport): Socket {
  const socket = connect({ port, host: "127.0.0.1" });
  return socket.on("error", () => {}).resume();
}

/** Resolves when the server responds on a new connection. */
async function answered(transport: Transport): Promise<void> {
  for (let isOk = false; !isOk; ) {
    using door = new Doorway(transport, "shut");
    ({ isOk } = await door.enter().catch(() => ({ isOk: false })));
  }
}

const countClauses = (kit: ProtocolKit): Tests => ({
  "PS12 each refusal is counted once, by its kind": kit.over(
    async (transport, { models, refusals, calls }) => {
      refusals.length = 0;
      calls.length = 0;
      models.behaviour = "ignores";
      // On a slow machine a call may time out before it is read: then no refusal was counted.
      for (let ms = SHORT_MS; calls.length === 0; ms *= 2) {
        const late = transport.predict(callOf(MODELS.half, 1), { timeoutMs: ms });
        await kit.refuses(transport, late, "DEADLINE_EXCEEDED", "a call past its deadline");
      }
      await kit.until(() => refusals.length > 0, `a deadline over ${transport.name} to be counted`);
      models.behaviour = "runs";
      models.release();
      const denied = transport.predict(callOf(MODELS.other, 1));
      await kit.refuses(transport, denied, "PERMISSION_DENIED", "a model that is not allowed");
      const bomb = transport.bomb(callOf(MODELS.half, 1));
      await refused(kit, transport, bomb, "a body that inflates too much");
      await kit.until(() => refusals.length >= 3, `refusals over ${transport.name}`);
      assert.deepEqual(refusals, ["deadline", "unauthorized", "inflation"]);
    },
    {
      server: {
        rest: { timeoutMs: SHORT_MS },
        authorize: ({ model }) => model !== MODELS.other,
      },
    },
  ),
});
