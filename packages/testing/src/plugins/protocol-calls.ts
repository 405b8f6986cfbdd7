import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { silentLogger, systemClock } from "@serving-kit/core";
import { type Tensor, type Tensors, tensor } from "@serving-kit/inference";
import type { GrpcService, Protocol, ServerCore } from "@serving-kit/server";
import type { Tests } from "../suite.js";
import { MODELS, sameModel } from "./fixture-model.js";
import { assertModule } from "./plugin-module.js";
import { assertAnswer, callOf, type ProtocolKit, UNKNOWN_MODEL } from "./protocol-kit.js";
import { predicting } from "./protocol-options.js";
import type { ProtocolStage } from "./protocol-stage.js";
import { specialValues } from "./special-values.js";

/** The clauses about the objects that a protocol creates, and its calls of models: PR1 to PR5 and PR7. */
export function callClauses(kit: ProtocolKit): Tests {
  const { options } = kit;
  return {
    "PR1 http and grpc only make objects, the same ones each time": async () => {
      const protocol = await options.create();
      const made = await shapeOf(protocol);
      assert.deepEqual(await shapeOf(protocol), made, "the routes and services of a second call");
      assert.deepEqual(await shapeOf(await options.create()), made, "those of another protocol");
      const [routes, services] = [made.routes.length > 0, made.services.length > 0];
      assert.equal(routes, options.http !== undefined, "whether it has routes");
      assert.equal(services, options.grpc !== undefined, "whether it has gRPC services");
    },

    "PL1 its module exports it, for other event loops": async () => {
      await assertModule(await options.create());
    },

    "PR2 models run only by predict of the version that a call returns": kit.over(
      async (transport, stage) => {
        await kit.answers(transport, "");
        assert.equal(observedRuns(stage), stage.models.runs.length, "runs that were observed");
        assert.ok(stage.models.runs.length >= 2, "expected the models to run");
      },
    ),

    "PR3 each call names one of the apis, and the model that was asked for": kit.over(
      async (transport, stage) => {
        stage.calls.length = 0;
        const asked = [MODELS.half, MODELS.other, UNKNOWN_MODEL];
        for (const model of asked)
          await kit.within(transport.predict(callOf(model, 1)), "an answer");
        const { apis } = stage.protocol;
        for (const { api } of stage.calls) {
          assert.ok(apis.includes(api), `expected an api of ${apis.join(", ")}; got ${api}`);
        }
        assert.deepEqual(
          stage.calls.map(({ model }) => model),
          asked,
          "the models of the calls",
        );
        const ends = stage.calls.map(({ end }) => end);
        assert.deepEqual(ends, ["OK", "OK", "NOT_FOUND"], "the ends of the calls");
      },
    ),

    ...(options.http?.predict &&
      !options.http.namesModelInBody && {
        "PR4 an unknown model is rejected before its body is read": kit.staged(async ({ http }) => {
          if (http === undefined) return;
          const answer = http.withheld(callOf(UNKNOWN_MODEL, 1));
          await kit.refuses(http, answer, "NOT_FOUND", "an unknown model");
        }),
      }),

    "PR4 an unknown signature is rejected before a tensor is decoded": kit.over(
      async (transport, { models }) => {
        if (!transport.subject.hasSignatures) return;
        const signature = "no_such_signature";
        const misfits: Tensors = {
          x: tensor("float32", [1, 1], [1]),
          z: tensor("float32", [0], []),
        };
        const call = { model: MODELS.half, signature, inputs: misfits };
        for (const isDamaged of [false, true]) {
          const answer = transport.predict(call, { isDamaged });
          const { isOk, message } = await kit.within(answer, "an answer to an unknown signature");
          assert.ok(!isOk, "expected an unknown signature to be refused");
          assert.ok(message.includes(signature), `expected "${signature}" in "${message}"`);
        }
        assert.deepEqual(models.runs, [], "runs");
      },
    ),

    "PR5 each call carries the deadline of its request, and its end": kit.over(
      async (transport, { models }) => {
        models.runs.length = 0;
        models.behaviour = "hangs";
        const request = transport.open(callOf(MODELS.half, 1));
        await kit.until(() => models.runs.length > 0, `a run over ${transport.name}`);
        const { deadlineAtMs, signal } = models.runs[0]?.options ?? {};
        assert.ok(deadlineAtMs !== undefined, `expected a deadline over ${transport.name}`);
        assert.ok(signal && !signal.aborted, `expected a signal over ${transport.name}`);
        request.leave();
        await kit.until(() => signal.aborted, `the signal to abort over ${transport.name}`);
        models.behaviour = "runs";
      },
    ),

    "PR7 outputs are those of the model": kit.over((transport) => kit.answers(transport, "")),

    "PR7 outputs are those of the model bit for bit, of each dtype": kit.over(
      async (transport) => {
        for (const dtype of transport.subject.dtypes) {
          const x = specialValues(dtype, transport.name);
          const call = { model: sameModel(dtype), inputs: { x } };
          const answer = await kit.within(transport.predict(call), `an answer of ${dtype}`);
          assertAnswer(transport, answer, call, "");
          assertBits(answer.outputs().y as Tensor, x);
        }
      },
      { models: [...new Set(predicting(options).flatMap(({ dtypes }) => dtypes))].map(sameModel) },
    ),
  };
}

const observedRuns = ({ calls }: ProtocolStage) => calls.reduce((sum, { runs }) => sum + runs, 0);

/** Compares bits, because assertions treat 0 and -0 as equal. */
function assertBits({ data }: Tensor, expected: Tensor): void {
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [data[i], expected.data[i]];
    if (typeof e === "number") assert.ok(Object.is(a, e), `entry ${i}: expected ${e}; got ${a}`);
  }
}

/** Returns the routes and services of a protocol, created with a core that must not be used. */
async function shapeOf(protocol: Protocol) {
  const closing = new AbortController();
  const core = new Proxy({} as ServerCore, {
    get(_, member) {
      if (member === "closing") return closing.signal;
      if (member === "clock") return systemClock;
      if (member === "logger") return silentLogger;
      return () => assert.fail(`http and grpc must not call core.${String(member)}`);
    },
  });
  const routes = protocol.http?.(core) ?? [];
  const services: readonly GrpcService[] = (await protocol.grpc?.(core)) ?? [];
  const listeners = getEventListeners(closing.signal, "abort").length;
  assert.equal(listeners, 0, "listeners of core.closing that http and grpc added");
  return {
    routes: routes.map(({ method, path }) => `${method} ${path}`),
    services: services.flatMap(({ name, methods }) =>
      Object.entries(methods).map(([method, { kind }]) => `${name}/${method} ${kind}`),
    ),
  };
}
