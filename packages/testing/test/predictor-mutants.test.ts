import { inferenceErrors, type PredictOptions, type Tensors, tensor } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import {
  FakePredictor,
  type PredictorConformanceOptions,
  predictorConformance,
} from "../src/index.js";
import { failuresOf } from "./collecting-runner.js";
import { halfPlusTwo } from "./suites-on-fakes.js";

const longRunning = { inputs: { x: tensor("float32", [7], [1, 2, 3, 4, 5, 6, 7]) } };

/** The clauses that a predictor breaks, in the words of the suite. */
async function brokenBy(
  create: () => FakePredictor,
  options: Partial<PredictorConformanceOptions> = {},
): Promise<string[]> {
  const made: FakePredictor[] = [];
  const failures = await failuresOf((runner) =>
    predictorConformance(runner, {
      name: "mutant",
      create: async () => {
        const predictor = create();
        made.push(predictor);
        return predictor;
      },
      examples: halfPlusTwo,
      runs: (predictor) => (predictor as FakePredictor).runs.length,
      timeoutMs: 2_000,
      ...options,
    }),
  );
  return [...failures.keys()];
}

/** Half plus two, with another way to predict. */
function predicting(
  change: (
    predict: (inputs: Tensors, options?: PredictOptions) => Promise<Tensors>,
    inputs: Tensors,
    options: PredictOptions,
  ) => Promise<Tensors>,
  options = {},
): FakePredictor {
  const predictor = new FakePredictor(options);
  const predict = predictor.predict.bind(predictor);
  predictor.predict = (inputs, options = {}) => change(predict, inputs, options);
  return predictor;
}

const elements = (tensors: Tensors, name: string) => tensors[name]?.data as Float32Array;

describe("predictorConformance rejects a predictor", () => {
  it("but not one that keeps the contract", async () => {
    expect(await brokenBy(() => new FakePredictor())).toEqual([]);
    expect(await brokenBy(() => new FakePredictor({ runMs: 30 }), { longRunning })).toEqual([]);
  });

  it("S1 whose signatures change with the first call", async () => {
    const create = () => {
      const signatures = new Map(new FakePredictor().signatures);
      const [signature] = signatures.values();
      const predictor = predicting((predict, inputs, options) => {
        if (signature) signatures.set("grown", signature);
        return predict(inputs, options);
      });
      return Object.assign(predictor, { signatures });
    };
    expect(await brokenBy(create)).toEqual(["S1"]);
  });

  it("S2 that returns more outputs than were requested", async () => {
    const create = () =>
      predicting(async (predict, inputs, options) => {
        const outputs = await predict(inputs, options);
        return { ...outputs, ...(outputs.y && { debug: outputs.y }) };
      });
    expect(await brokenBy(create)).toEqual(["S2"]);
  });

  it("S2 that returns a wrong number", async () => {
    expect(await brokenBy(() => new FakePredictor({ b: 2.01 }))).toContain("S2");
  });

  it("S2 that returns fewer elements than the shape says, or another shape where shapes are checked", async () => {
    const reshaped = (shape: number[]) => () =>
      predicting(async (predict, inputs, options) => {
        const data = elements(await predict(inputs, options), "y");
        return { y: { dtype: "float32", shape: [...shape, data.length], data } };
      });
    expect(await brokenBy(reshaped([2]))).toContain("S2");
    expect(await brokenBy(reshaped([1]))).toContain("S2");
  });

  it("S3 whose outputs end with it", async () => {
    const create = () => {
      const given: Float32Array[] = [];
      const predictor = predicting(async (predict, inputs, options) => {
        const outputs = await predict(inputs, options);
        given.push(elements(outputs, "y"));
        return outputs;
      });
      const dispose = predictor[Symbol.asyncDispose].bind(predictor);
      predictor[Symbol.asyncDispose] = async () => {
        await dispose();
        for (const data of given) data.fill(Number.NaN);
      };
      return predictor;
    };
    // Calls in flight at disposal lose their outputs too.
    expect(await brokenBy(create)).toEqual(["S3", "S11"]);
  });

  it("S3 that writes all outputs to one buffer", async () => {
    const create = () => {
      const buffer = new Float32Array(16);
      return predicting(async (predict, inputs, options) => {
        const data = elements(await predict(inputs, options), "y");
        buffer.set(data);
        return { y: tensor("float32", [data.length], buffer.subarray(0, data.length)) };
      });
    };
    expect(await brokenBy(create)).toEqual(expect.arrayContaining(["S3", "S5"]));
  });

  it("S4 that modifies its inputs", async () => {
    const create = () =>
      predicting(async (predict, inputs, options) => {
        const outputs = await predict(inputs, options);
        elements(inputs, "x").sort().reverse();
        return outputs;
      });
    expect(await brokenBy(create)).toEqual(["S4"]);
  });

  it("S4 whose outputs are the memory of its inputs", async () => {
    const create = () =>
      predicting(async (predict, inputs, options) => {
        const { y } = await predict(inputs, options);
        const memory = new Float32Array(elements(inputs, "x").buffer);
        queueMicrotask(() => queueMicrotask(() => memory.set(elements({ y: y as never }, "y"))));
        return { y: tensor("float32", [memory.length], memory) };
      });
    expect(await brokenBy(create)).toContain("S4");
  });

  it("S5 that mixes up concurrent calls", async () => {
    const create = () => {
      let last: Tensors;
      return predicting(async (predict, inputs, options) => {
        last = inputs;
        await predict(inputs, options);
        return predict(last, options);
      });
    };
    // S7 and S11 have concurrent calls as well.
    expect(await brokenBy(create, { skip: [] })).toEqual(
      expect.arrayContaining(["S5", "S7", "S11"]),
    );
  });

  it.each([
    ["accepts an extra input", (inputs: Tensors) => (inputs.x ? { x: inputs.x } : inputs)],
    [
      "casts another dtype",
      (inputs: Tensors) =>
        inputs.x?.dtype === "int32"
          ? { ...inputs, x: tensor("float32", inputs.x.shape, [...(inputs.x.data as Int32Array)]) }
          : inputs,
    ],
    [
      "flattens another shape",
      (inputs: Tensors) =>
        inputs.x?.shape?.length === 2
          ? { ...inputs, x: { ...inputs.x, shape: [inputs.x.data.length] } }
          : inputs,
    ],
    [
      "takes a missing input as empty",
      (inputs: Tensors) => ({ x: tensor("float32", [0], []), ...inputs }),
    ],
  ])("S6 that %s", async (_, repair) => {
    const create = () => predicting((predict, inputs, options) => predict(repair(inputs), options));
    expect(await brokenBy(create)).toEqual(["S6"]);
  });

  it("S6 that accepts an unknown output or signature as the default", async () => {
    for (const leave of ["outputs", "signature"] as const) {
      const create = () =>
        predicting((predict, inputs, { [leave]: _, ...options }) => predict(inputs, options));
      expect(await brokenBy(create)).toEqual(["S6"]);
    }
  });

  it("S6 that throws instead of rejecting, runs first, or does not name the tensor", async () => {
    const throwing = () =>
      predicting((predict, inputs, options) => {
        if (!("x" in inputs)) throw inferenceErrors.inputMissing("x", []);
        return predict(inputs, options);
      });
    const runsFirst = () => {
      const predictor = predicting((predict, inputs, options) => {
        predictor.runs.push(1);
        return predict(inputs, options);
      });
      return predictor;
    };
    const nameless = () =>
      predicting(async (predict, inputs, options) => {
        if ("x" in inputs) return predict(inputs, options);
        throw inferenceErrors.tensorInvalid("?", "is missing");
      });
    for (const create of [throwing, runsFirst, nameless]) {
      expect(await brokenBy(create)).toContain("S6");
    }
  });

  it("S7 that ignores the signal", async () => {
    const create = () =>
      predicting((predict, inputs, { signal: _, ...options }) => predict(inputs, options), {
        runMs: 2,
      });
    expect(await brokenBy(create)).toEqual(["S7"]);
  });

  it("S7 that rejects with an error of its own", async () => {
    const create = () =>
      predicting(async (predict, inputs, options) => {
        if (options.signal?.aborted) throw new Error("aborted");
        return predict(inputs, options);
      });
    expect(await brokenBy(create)).toEqual(["S7"]);
  });

  it("S7 that leaves its listener on the signal", async () => {
    const create = () =>
      predicting((predict, inputs, options) => {
        options.signal?.addEventListener("abort", () => {});
        return predict(inputs, options);
      });
    expect(await brokenBy(create)).toEqual(["S7"]);
  });

  it("S8 that gets a large batch wrong", async () => {
    const create = () =>
      predicting(async (predict, inputs, options) => {
        const outputs = await predict(inputs, options);
        if (inputs.x?.shape[0] === 4) elements(outputs, "y").reverse();
        return outputs;
      });
    expect(await brokenBy(create)).toEqual(["S8"]);
  });

  it("S9 that computes on the event loop", async () => {
    const create = () =>
      predicting(async (predict, inputs, options) => {
        const endAtMs = performance.now() + (inputs.x?.data?.length === 7 ? 60 : 0);
        while (performance.now() < endAtMs);
        return predict(inputs, options);
      });
    expect(await brokenBy(create, { longRunning, maxBlockMs: 40 })).toEqual(["S9"]);
  });

  it("S10 that answers after disposal", async () => {
    const create = () =>
      Object.assign(new FakePredictor(), { [Symbol.asyncDispose]: async () => {} });
    expect(await brokenBy(create)).toEqual(["S10"]);
  });

  it("S12 that runs a call whose deadline has passed", async () => {
    const create = () =>
      predicting(async (predict, inputs, { deadlineAtMs = Infinity, ...options }) => {
        const outputs = await predict(inputs, options);
        if (deadlineAtMs <= performance.now()) throw inferenceErrors.deadlineExceeded();
        return outputs;
      });
    expect(await brokenBy(create)).toEqual(["S12"]);
  });

  it("S12 that checks the deadline only before the run", async () => {
    const create = () =>
      predicting(
        async (predict, inputs, { deadlineAtMs = Infinity, ...options }) => {
          if (deadlineAtMs <= performance.now()) throw inferenceErrors.deadlineExceeded();
          return predict(inputs, options);
        },
        { runMs: 30 },
      );
    expect(await brokenBy(create, { longRunning })).toEqual(["S12"]);
  });

  it("S11 that does not wait for calls in flight", async () => {
    const create = () => {
      const predictor = new FakePredictor({ runMs: 2 });
      const dispose = predictor[Symbol.asyncDispose].bind(predictor);
      return Object.assign(predictor, { [Symbol.asyncDispose]: async () => void dispose() });
    };
    expect(await brokenBy(create)).toEqual(["S11"]);
  });

  it("S11 that rejects calls in flight", async () => {
    const create = () => {
      const predictor = predicting(
        async (predict, inputs, options) => {
          const outputs = await predict(inputs, options);
          if (predictor.isDisposed) throw inferenceErrors.predictorClosed();
          return outputs;
        },
        { runMs: 2 },
      );
      return predictor;
    };
    expect(await brokenBy(create)).toEqual(["S11"]);
  });

  it("S11 that cannot be disposed twice", async () => {
    const create = () => {
      const predictor = new FakePredictor();
      const dispose = predictor[Symbol.asyncDispose].bind(predictor);
      const disposeOnce = () =>
        predictor.isDisposed ? Promise.reject(new Error("twice")) : dispose();
      return Object.assign(predictor, { [Symbol.asyncDispose]: disposeOnce });
    };
    expect(await brokenBy(create)).toEqual(["S11"]);
  });

  it("S11 that keeps what loading allocated", async () => {
    let allocated = 0;
    const create = () => {
      allocated++;
      return new FakePredictor();
    };
    expect(await brokenBy(create, { allocated: () => allocated })).toEqual(["S11"]);
  });
});

describe("predictorConformance rejects options", () => {
  it("with examples that do not differ", async () => {
    const [example] = halfPlusTwo;
    const examples = [example, example] as typeof halfPlusTwo;
    expect(await brokenBy(() => new FakePredictor(), { examples })).toEqual(["has"]);
  });

  it("with one predictor for all tests", async () => {
    const predictor = new FakePredictor();
    expect(await brokenBy(() => predictor)).toContain("create");
  });

  it("with a skip of a clause that does not exist, or without a reason", async () => {
    for (const skip of [
      { reason: "old", clauses: ["S99"] },
      { reason: " ", clauses: ["S9"] },
    ]) {
      expect(await brokenBy(() => new FakePredictor(), { skip: [skip] })).toEqual(["skips"]);
    }
  });

  it("and skips what is declared", async () => {
    const create = () =>
      Object.assign(new FakePredictor(), { [Symbol.asyncDispose]: async () => {} });
    const skip = [{ reason: "the process owns it", clauses: ["S10"] }];
    expect(await brokenBy(create, { skip })).toEqual([]);
  });
});
