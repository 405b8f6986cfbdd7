import assert from "node:assert/strict";
import { type Logger, ServingError } from "@serving-kit/core";
import type { AuthorizeRequest, Protocol } from "@serving-kit/server";
import type { Tests } from "../suite.js";
import { Doorway } from "./doors.js";
import { MODELS } from "./fixture-model.js";
import { callOf, type ProtocolKit } from "./protocol-kit.js";
import type { Answered, Transport } from "./transports.js";
import { withCalls } from "./wrap-protocol.js";

/** The clauses about errors and authorization: PS8 and PS11. */
export const refusalClauses = (kit: ProtocolKit): Tests => ({
  ...errorClauses(kit),
  ...accessClauses(kit),
});

const errorClauses = (kit: ProtocolKit): Tests => ({
  "PS8 anything thrown is INTERNAL, with an id and without its message, and is logged once":
    async () => {
      const ids: unknown[] = [];
      const write: Logger["error"] = (fields: object) => {
        if ("errorId" in fields) ids.push(fields.errorId);
      };
      const logger: Logger = { info: () => {}, warn: () => {}, error: write };
      const throws = async (transport: Transport, what: string, ask: () => Promise<Answered>) => {
        ids.length = 0;
        const text = await kit.refuses(transport, ask(), "INTERNAL", what);
        assert.ok(!text.includes("secret"), `${what}: expected another message; got "${text}"`);
        assert.equal(ids.length, 1, `${what}: lines of the log with an id`);
        assert.ok(text.includes(String(ids[0])), `${what}: expected "${ids[0]}" in "${text}"`);
      };
      await kit.doored(
        async (transport, { models }, doors) => {
          for (const [what, thrown] of Object.entries(THROWN)) {
            doors.throws = thrown();
            using fail = new Doorway(transport, "fail");
            await throws(transport, `${what} by a protocol`, fail.enter);
            if (!transport.predicts) continue;
            models.behaviour = { throws: thrown() };
            const call = callOf(MODELS.half, 1);
            await throws(transport, `${what} by a model`, () => transport.predict(call));
          }
          models.behaviour = "runs";
        },
        { server: { logger } },
      )();
    },
});

/** Values that tests throw. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  "an error": () => new TypeError("/secret/path"),
  "a string": () => "secret",
  undefined: () => undefined,
  "a revoked Proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "an error whose getters throw": () => {
    const error = new Error("secret");
    for (const name of ["stack", "name", "message", "code", "reason"]) {
      Object.defineProperty(error, name, {
        get() {
          throw new Error("secret");
        },
      });
    }
    return error;
  },
};

const accessClauses = (kit: ProtocolKit): Tests => ({
  "PS11 authorize is asked before a request, and with the model before a call is decoded":
    async () => {
      let decide = (_: AuthorizeRequest): boolean => true;
      let runs = 0;
      const wrap = (protocol: Protocol) =>
        withCalls(protocol, (call) => ({
          ...call,
          run: (version, body) => {
            runs++;
            return call.run(version, body);
          },
        }));
      await kit.doored(
        async (transport, _, doors) => {
          decide = () => false;
          using shut = new Doorway(transport, "shut");
          await kit.refuses(transport, shut.enter(), "PERMISSION_DENIED", "a route");
          assert.equal(doors.entered, 0, "requests that reached a protocol");
          if (!transport.predicts) return;
          decide = ({ model }) => model !== MODELS.half;
          runs = 0;
          const denied = transport.predict(callOf(MODELS.half, 1));
          await kit.refuses(transport, denied, "PERMISSION_DENIED", "a model that is not allowed");
          assert.equal(runs, 0, "calls that were decoded");
          const { isOk, message } = await transport.predict(callOf(MODELS.other, 1));
          assert.ok(isOk, `expected another model to be allowed; got "${message}"`);
          decide = () => {
            throw new ServingError("UNAUTHENTICATED", "WHO", "who are you?");
          };
          const unknown = transport.predict(callOf(MODELS.half, 1));
          await kit.refuses(transport, unknown, "UNAUTHENTICATED", "a ServingError of authorize");
        },
        { wrap, server: { authorize: (request) => decide(request) } },
      )();
    },
});
