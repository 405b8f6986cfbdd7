import { describe, expect, it } from "vitest";
import { configProtoType } from "./proto/schema.js";
import { sessionConfig } from "./session-config.js";
import { tensorflow } from "./tensorflow.js";
import { syntheticWarmUp } from "./warm-up/warm-up-request.js";

describe("tensorflow", () => {
  it("is a platform by the name that TF Serving's configuration has", () => {
    expect(tensorflow().platformName).toBe("tensorflow");
    expect(tensorflow().attach).toBeTypeOf("function");
  });

  it.each([
    [{ concurrency: 0 }, "option concurrency of tensorflow must be an integer >= 1; got 0"],
    [{ tags: "serve" }, 'option tags of tensorflow must be an array of strings; got "serve"'],
    [{ execution: "fast" }, "must be auto or thread or inline"],
    [{ warmup: true }, "must be file or synthetic or none"],
    [{ warmupIterations: 0 }, "must be an integer >= 1; got 0"],
    [{ gpu: { memoryFraction: 2 } }, "option gpu of tensorflow must be"],
    [{ threads: 1 }, "option threads of tensorflow is unknown; expected one of tags, execution"],
  ])("refuses %j", (options, message) => {
    expect(() => tensorflow(options as never)).toThrow(TypeError);
    expect(() => tensorflow(options as never)).toThrow(message);
  });
});

describe("sessionConfig", () => {
  it("is empty without options", () => {
    expect(sessionConfig({})).toHaveLength(0);
  });

  it("encodes the options over those of a serialized ConfigProto", () => {
    const given = configProtoType
      .encode({ intraOpParallelismThreads: 7, interOpParallelismThreads: 3 })
      .finish();
    const gpu = { memoryFraction: 0.5, allowGrowth: true, visibleDevices: "1" };
    const config = sessionConfig({ intraOpThreads: 2, gpu, sessionConfig: given });
    expect(configProtoType.toObject(configProtoType.decode(config))).toEqual({
      intraOpParallelismThreads: 2,
      interOpParallelismThreads: 3,
      gpuOptions: { perProcessGpuMemoryFraction: 0.5, allowGrowth: true, visibleDeviceList: "1" },
    });
  });
});

describe("syntheticWarmUp", () => {
  it("generates zeros, with 1 for what is not known, and leaves out what is optional", () => {
    const inputs = new Map([
      ["a", { dtype: "float32", shape: [-1, 2] }],
      ["b", { dtype: "string", shape: null }],
      ["c", { dtype: "int64", shape: [], isOptional: true }],
    ] as const);
    expect(syntheticWarmUp(new Map([["s", { inputs, outputs: new Map() }]]))).toEqual([
      {
        signature: "s",
        inputs: {
          a: { dtype: "float32", shape: [1, 2], data: new Float32Array(2) },
          b: { dtype: "string", shape: [], data: [new Uint8Array(0)] },
        },
      },
    ]);
  });

  it("generates nothing that would fill the memory", () => {
    const inputs = new Map([["a", { dtype: "int8" as const, shape: [2 ** 30, 2 ** 10] }]]);
    expect(() => syntheticWarmUp(new Map([["s", { inputs, outputs: new Map() }]]))).toThrow(
      RangeError,
    );
  });
});
