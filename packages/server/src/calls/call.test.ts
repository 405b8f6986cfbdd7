import type { ServableHandle } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { FakeClock } from "@serving-kit/testing";
import { expect, it } from "vitest";
import { type CallHost, makeCall } from "./call.js";

/** A predictor that never settles and ignores deadline and signal. */
const careless: Predictor = {
  signatures: new Map(),
  batchable: false,
  predict: () => new Promise(() => {}),
};

function world(predictor = careless) {
  const clock = new FakeClock();
  const log: string[] = [];
  let held = 0;
  const host: CallHost = {
    acquire: ({ name }) => {
      if (name !== "m") throw new Error("unknown");
      held++;
      const handle = { id: { name, version: 1n }, servable: predictor, release: () => held-- };
      return handle as unknown as ServableHandle<Predictor>;
    },
    reacquire: (id) => host.acquire(id),
    clock,
    observe: (api, model) => {
      log.push(`begin ${api} ${model}`);
      return {
        running: () => log.push("running"),
        ran: () => log.push("ran"),
        end: (error) => log.push(error === undefined ? "end" : `end ${(error as Error).message}`),
      };
    },
  };
  return { host, clock, log, held: () => held };
}

it("PS3 a call ends at its deadline or signal, even if the predictor ignores them", async () => {
  const { host, clock, held } = world();
  const call = {
    api: "Predict",
    servable: { name: "m" },
    run: (version: Parameters<typeof run>[0]) => version.predict({ inputs: {} }),
  };
  const run = call.run as (version: { predict(call: object): Promise<object> }) => Promise<object>;
  const late = makeCall(host, call as never, { deadlineAtMs: clock.now() + 2 });
  const outcome = expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await clock.advance(2);
  await outcome;
  const later = makeCall(host, call as never, { timeoutMs: 3 });
  const second = expect(later).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await clock.advance(3);
  await second;
  const controller = new AbortController();
  const aborted = makeCall(host, call as never, { signal: controller.signal });
  controller.abort(new Error("gone"));
  await expect(aborted).rejects.toThrow("gone");
  expect(held()).toBe(0);
});

it("PS2 an unknown servable is rejected before the body is read, and observed once", async () => {
  const { host, log } = world();
  let reads = 0;
  const body = () => {
    reads++;
    return new Uint8Array(0);
  };
  const call = { api: "Predict", servable: { name: "nobody" }, body, run: () => 1 };
  await expect(makeCall(host, call)).rejects.toThrow("unknown");
  expect(reads).toBe(0);
  expect(log).toEqual(["begin Predict nobody", "end unknown"]);
});

it("PS2, OS2 a body that fails is observed once", async () => {
  const { host, log, held } = world();
  const body = () => Promise.reject(new Error("cut"));
  const call = { api: "Predict", servable: { name: "m" }, body, run: () => 1 };
  await expect(makeCall(host, call)).rejects.toThrow("cut");
  expect(log).toEqual(["begin Predict m", "end cut"]);
  expect(held()).toBe(0);
});

it("PS4 no handle is held while the body is read or the answer is encoded", async () => {
  const { host, log, held } = world({ ...careless, predict: async () => ({}) });
  const seen: number[] = [];
  const answer = await makeCall(host, {
    api: "Predict",
    locate: () => ({ name: "m" }),
    body: async () => {
      seen.push(held());
      return new Uint8Array(1);
    },
    async run(version, bytes) {
      seen.push(held());
      await version.predict({ inputs: {} });
      return bytes.length;
    },
    encode: (length, { version }) => {
      seen.push(held());
      return `${length} ${version}`;
    },
  });
  expect(answer).toBe("1 1");
  expect(seen).toEqual([0, 1, 0]);
  expect(log).toEqual(["begin Predict m", "running", "ran", "end"]);
});

interface Body {
  readonly model: string;
  readonly x: number;
}

it("a body that is decoded when it is read names the servable and is run", async () => {
  const { host, log } = world();
  const call = {
    api: "Predict",
    body: () => JSON.parse('{"model":"m","x":2}') as Body,
    locate: ({ model }: Body) => ({ name: model }),
    run: (_version: unknown, { x }: Body) => x + 1,
  };
  expect(await makeCall(host, call)).toBe(3);
  const broken = { ...call, body: () => JSON.parse("{") };
  await expect(makeCall(host, broken)).rejects.toThrow(SyntaxError);
  expect(log).toEqual(["begin Predict m", "end", "begin Predict ", expect.stringMatching("^end ")]);
});

it("PS2 an answer that cannot be encoded is a failed call, ended once", async () => {
  const { host, log } = world();
  const encode = () => {
    throw new Error("unwritable");
  };
  const call = { api: "Predict", servable: { name: "m" }, run: () => 1, encode };
  await expect(makeCall(host, call)).rejects.toThrow("unwritable");
  expect(log).toEqual(["begin Predict m", "end unwritable"]);
});

it("AD4 a call acquires once, and gets the version chosen before its body was read while that version is available", async () => {
  const { host } = world();
  const log: string[] = [];
  const handleOf = (version: bigint) =>
    ({ id: { name: "m", version }, servable: careless, release: () => {} }) as never;
  const available = new Set([1n, 2n]);
  const asked: CallHost = {
    ...host,
    acquire: () => {
      log.push("chosen");
      return handleOf([...available].at(-1) as bigint);
    },
    reacquire: ({ version }) => {
      log.push("held");
      if (available.has(version as bigint)) return handleOf(version as bigint);
      throw new Error("not available");
    },
  };
  const answer = (meanwhile: () => void = () => {}) =>
    makeCall(asked, {
      servable: { name: "m" },
      body: () => {
        meanwhile();
        return new Uint8Array();
      },
      run: ({ id }) => id.version,
    });
  expect(await answer()).toBe(2n);
  expect(log.splice(0)).toEqual(["chosen", "held"]);
  expect(await answer(() => available.delete(2n))).toBe(1n);
  expect(log.splice(0)).toEqual(["chosen", "held", "chosen"]);
  await makeCall(asked, { servable: { name: "m" }, run: () => 1 });
  expect(log).toEqual(["chosen"]);
});
