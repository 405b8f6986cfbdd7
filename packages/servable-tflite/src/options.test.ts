import { describe, expect, it } from "vitest";
import { tflite } from "./tflite.js";

describe("options of tflite", () => {
  it.each([
    [{ threads: 0 }, "option threads of tflite must be an integer >= 1; got 0"],
    [{ interpreters: 1.5 }, "option interpreters of tflite must be an integer >= 1; got 1.5"],
    [
      { execution: "later" },
      'option execution of tflite must be auto or thread or inline; got "later"',
    ],
    [{ useXnnpack: 1 }, "option useXnnpack of tflite must be true or false; got 1"],
    [{ dequantize: "yes" }, 'option dequantize of tflite must be true or false; got "yes"'],
    [{ warmup: null }, "option warmup of tflite must be true or false; got null"],
    [{ library: "" }, 'option library of tflite must be a path; got ""'],
    [{ canary: true }, "option canary of tflite must be { timeoutMs?: a number > 0 }; got true"],
    [{ canary: { timeoutMs: 0 } }, 'got {"timeoutMs":0}'],
    [
      { thread: 2 },
      "option thread of tflite is unknown; expected one of threads, interpreters, execution",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => tflite(options as object)).toThrow(message);
    expect(() => tflite(options as object)).toThrow(TypeError);
  });

  it("takes the right ones, and undefined for the default", () => {
    expect(tflite().platformName).toBe("tflite");
    const options = { threads: 2, interpreters: 4, execution: "thread", canary: {} } as const;
    expect(() => tflite({ ...options, warmup: undefined } as object)).not.toThrow();
  });
});
