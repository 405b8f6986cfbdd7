import assert from "node:assert/strict";
import { deferred } from "../deferred.js";
import type { Tests } from "../suite.js";
import { type Doors, Doorway } from "./doors.js";
import type { ProtocolKit } from "./protocol-kit.js";
import type { StageOptions } from "./protocol-stage.js";
import type { Answered, Transport } from "./transports.js";

const MIB = 2 ** 20;

const TOO_COSTLY = "RESOURCE_EXHAUSTED";

/** Returns a body that requests this many bytes, padded with spaces. */
const body = (bytes: number, length = 16) => Buffer.from(String(bytes).padEnd(length));

/** The clauses about the memory of requests: CB1 to CB3. */
export const budgetClauses = (kit: ProtocolKit): Tests => ({
  "CB1 a request takes at most ten times its body or 32 MiB": kit.doored(async (transport) => {
    await granted(kit, take(transport, body(31 * MIB)), "31 MiB for a small body");
    await refused(kit, transport, take(transport, body(33 * MIB)), "33 MiB for a small body");
    const large = (mib: number) => take(transport, body(mib * MIB, 4 * MIB));
    await granted(kit, large(35), "39 MiB for a body of 4 MiB");
    await refused(kit, transport, large(37), "41 MiB for a body of 4 MiB");
  }, budgetOf(256)),

  "CB2 all requests together take at most the budget": kit.doored(async (transport, _, doors) => {
    await holding(kit, transport, doors, async () => {
      const second = take(transport, body(2 * MIB));
      await kit.refuses(transport, second, "UNAVAILABLE", "more than is left");
      await granted(kit, eventually(transport, MIB / 2), "what is left");
    });
    await granted(kit, eventually(transport, 2 * MIB), "memory that was given back");
    await refused(kit, transport, take(transport, body(5 * MIB)), "more than the budget");
  }, budgetOf(4)),

  "CB3 a request releases its memory once, however it ends": kit.doored(
    async (transport, _, doors) => {
      for (let i = 0; i < 3; i++) {
        await granted(kit, eventually(transport, 3 * MIB), `3 MiB of 4, the ${i + 1}th time`);
        await refused(kit, transport, take(transport, body(5 * MIB)), "more than the budget");
      }
      doors.until = new Promise(() => {});
      using door = new Doorway(transport, "take", body(3 * MIB));
      const gone = door.open();
      await kit.until(() => doors.waiting === 1, "a request that took memory");
      gone.leave();
      await kit.until(() => doors.waiting === 0, "the end of a request whose client has gone");
      doors.until = Promise.resolve();
      await granted(kit, eventually(transport, 3 * MIB), "memory of a client that has gone");
      await holding(kit, transport, doors, async () => {
        const second = take(transport, body(2 * MIB));
        await kit.refuses(transport, second, "UNAVAILABLE", "memory that was given back twice");
      });
    },
    budgetOf(4),
  ),
});

const budgetOf = (mib: number): StageOptions => ({
  server: { limits: { requestMemoryBytes: mib * MIB } },
});

/** Sends a request that takes as much memory as its body says. */
async function take(transport: Transport, bytes: Uint8Array): Promise<Answered> {
  using door = new Doorway(transport, "take", bytes);
  return await door.enter();
}

/** Repeats `take` until the memory is available, because memory is released shortly after a response was received. */
async function eventually(transport: Transport, bytes: number): Promise<Answered> {
  for (;;) {
    const answer = await take(transport, body(bytes));
    if (answer.status !== transport.statusOf("UNAVAILABLE")) return answer;
  }
}

/** Runs a test while another request holds 3 MiB. */
async function holding(
  kit: ProtocolKit,
  transport: Transport,
  doors: Doors,
  test: () => Promise<void>,
): Promise<void> {
  const released = deferred<void>();
  doors.until = released.promise;
  const first = eventually(transport, 3 * MIB);
  first.catch(() => {}); // checked below
  await kit.until(() => doors.waiting === 1, "a request that holds memory");
  doors.until = Promise.resolve();
  await test();
  released.resolve();
  await granted(kit, first, "memory that was held");
}

async function granted(kit: ProtocolKit, answer: Promise<Answered>, what: string): Promise<void> {
  const { isOk, message } = await kit.within(answer, `an answer: ${what}`);
  assert.ok(isOk, `${what}: expected to be granted; got "${message}"`);
}

/** Asserts that a response refuses a request as too costly. */
async function refused(
  kit: ProtocolKit,
  transport: Transport,
  answer: Promise<Answered>,
  what: string,
): Promise<void> {
  const { status, message } = await kit.within(answer, `an answer: ${what}`);
  const expected = transport.name === "HTTP" ? "413" : transport.statusOf(TOO_COSTLY);
  assert.equal(status, expected, `${what} over ${transport.name}: ${message}`);
}
