import { afterEach, describe, expect, it } from "vitest";
import { nativeLanes } from "../src/native-lanes.js";

interface CallOptions {
  readonly signature?: string;
  readonly signal?: AbortSignal;
}

/** A predictor, as far as the tests use it. */
interface Loaded<I> extends AsyncDisposable {
  predict(inputs: I, options?: CallOptions): Promise<unknown>;
}

/** A model whose runs are short. */
export interface LaneModel<I> {
  load(execution: "inline" | "thread"): Promise<Loaded<I>>;
  /** Returns different inputs for each number. */
  inputs(number: number): I;
  readonly options?: CallOptions;
  readonly skipReason?: string;
}

const CALLS = 64;

/** The tests that predictions on lanes are those on the event loop, and end in every way. */
export function laneTests<I>({ load, inputs, options = {}, skipReason = "" }: LaneModel<I>): void {
  describe.skipIf(skipReason)(`predictions on lanes${skipReason}`, () => {
    const loaded: Loaded<I>[] = [];
    afterEach(() => Promise.all(loaded.splice(0).map((one) => one[Symbol.asyncDispose]())));
    async function open(execution: "inline" | "thread"): Promise<Loaded<I>> {
      const predictor = await load(execution);
      loaded.push(predictor);
      return predictor;
    }
    const callMany = (predictor: Loaded<I>, count = CALLS, more: CallOptions = {}) =>
      Array.from({ length: count }, (_, i) =>
        predictor.predict(inputs(i), { ...options, ...more }),
      );

    /** Opens a predictor whose runs are on lanes. */
    async function openOnLanes(): Promise<Loaded<I>> {
      const predictor = await open("thread");
      const end = performance.now() + 20_000;
      do await Promise.all(callMany(predictor));
      while (nativeLanes.ready === 0 && performance.now() < end);
      expect(nativeLanes.ready).toBeGreaterThan(0);
      return predictor;
    }

    it("return the same as predictions on the event loop", async () => {
      const [lanes, inline] = [await openOnLanes(), await open("inline")];
      const expected = await Promise.all(callMany(inline));
      for (let round = 0; round < 20; round++) {
        expect(await Promise.all(callMany(lanes))).toEqual(expected);
      }
    });

    it("settle before the predictor is disposed", async () => {
      const predictor = await openOnLanes();
      const expected = await predictor.predict(inputs(0), options);
      const calls = callMany(predictor, 300);
      await predictor[Symbol.asyncDispose]();
      expect((await Promise.all(calls))[0]).toEqual(expected);
      await expect(predictor.predict(inputs(0), options)).rejects.toMatchObject({
        reason: "PREDICTOR_CLOSED",
      });
    });

    it("reject when their signal aborts, and let the others settle", async () => {
      const predictor = await openOnLanes();
      const controller = new AbortController();
      const aborted = callMany(predictor, CALLS, { signal: controller.signal });
      const others = callMany(predictor);
      controller.abort(new Error("the client has gone"));
      for (const call of aborted) await expect(call).rejects.toThrow("the client has gone");
      expect(await Promise.all(others)).toHaveLength(CALLS);
    });
  });
}
