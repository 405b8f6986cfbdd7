import assert from "node:assert/strict";
import { tensor } from "@serving-kit/inference";
import type { Tests } from "../suite.js";
import { MODELS, sameModel } from "./fixture-model.js";
import { callOf, type ProtocolKit } from "./protocol-kit.js";
import type { Answered, Transport } from "./transports.js";

/** More floats than fit into the memory of a server with a small limit. */
const FLOATS = 2 ** 18;
const LITTLE_BYTES = 2 ** 17;

/** Empty strings: a few bytes each in any format, but much more as objects. */
const STRINGS = 2 ** 17;
const STRINGS_BYTES = 2 ** 22;

/** The clauses about the memory of requests: PR11, and the part of PR6 about a body that the server refuses. */
export function memoryClauses(kit: ProtocolKit): Tests {
  return {
    "PR11 what a body decodes to is counted before it is made": kit.over(
      async (transport) => {
        if (!transport.subject.dtypes.includes("string")) return;
        const empty = new Array<Uint8Array>(STRINGS).fill(new Uint8Array(0));
        const inputs = { x: tensor("string", [STRINGS], empty) };
        const call = { model: sameModel("string"), inputs };
        await refused(kit, transport, transport.predict(call), "many empty strings");
        await kit.answers(transport, "after many empty strings");
      },
      {
        models: [...Object.values(MODELS), sameModel("string")],
        server: { limits: { requestMemoryBytes: STRINGS_BYTES } },
      },
    ),

    "PR6 a body beyond the memory of all requests is rejected in its form": kit.over(
      async (transport) => {
        const large = callOf(MODELS.half);
        const inputs = { x: tensor("float32", [FLOATS], new Float32Array(FLOATS)) };
        const answer = transport.predict({ ...large, inputs });
        await refused(kit, transport, answer, "a body beyond the memory");
        await kit.answers(transport, "after a body beyond the memory");
      },
      { server: { limits: { requestMemoryBytes: LITTLE_BYTES } } },
    ),
  };
}

/** Asserts that a request is refused because of its memory: 413 or 503, RESOURCE_EXHAUSTED or UNAVAILABLE. */
export async function refused(
  kit: ProtocolKit,
  transport: Transport,
  answer: Promise<Answered>,
  what: string,
): Promise<void> {
  const { status, message } = await kit.within(answer, `an answer to ${what}`);
  const codes = ["RESOURCE_EXHAUSTED", "UNAVAILABLE"] as const;
  const expected = ["413", ...codes.map((code) => transport.statusOf(code))];
  const about = `${what} over ${transport.name}`;
  assert.ok(
    expected.includes(status),
    `${about}: expected one of ${expected}; got ${status}: ${message}`,
  );
}
