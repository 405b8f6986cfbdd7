import type { DType, Signature } from "@serving-kit/inference";
import { describe, expect, it } from "vitest";
import { withoutKernel } from "./codec-kernel.js";
import { decodePredict, decodePredictInSteps } from "./decode-predict.js";
import { STEP_BYTES } from "./json-value.js";
import { openRequest, openRequestInSteps } from "./open-request.js";

const BYTES = 10 * STEP_BYTES;
const fill = (part: string) => part.repeat(Math.ceil(BYTES / part.length));

const signature = (...inputs: [name: string, dtype: DType][]): Signature => ({
  inputs: new Map(inputs.map(([name, dtype]) => [name, { dtype, shape: null }])),
  outputs: new Map(),
});

/** Bodies of 640 KiB in all of their forms, with the signature that reads them. */
const bodies: Record<string, [body: string, signature: Signature]> = {
  numbers: [`{"instances":[0${fill(",1.5")}]}`, signature(["x", "float32"])],
  "lists of numbers": [`{"inputs":[[1,2]${fill(",[3,4]")}]}`, signature(["x", "int32"])],
  "one row of numbers": [`{"instances":[[0${fill(",1e3")}]]}`, signature(["x", "float64"])],
  "int64 numbers": [`{"instances":[0${fill(",9007199254740993")}]}`, signature(["x", "int64"])],
  booleans: [`{"inputs":[true${fill(",false")}]}`, signature(["x", "bool"])],
  strings: [`{"inputs":["a"${fill(',"bc"')}]}`, signature(["x", "string"])],
  "rows of named inputs": [
    `{"instances":[{"x":1,"y":"a"}${fill(',{"x":2,"y":"b"}')}]}`,
    signature(["x", "float32"], ["y", "string"]),
  ],
  "a row of named inputs": [
    `{"instances":[{"y":[1${fill(",2")}],"x":1}]}`,
    signature(["x", "float32"], ["y", "int8"]),
  ],
  columns: [
    `{"inputs":{"x":[1${fill(",2")}],"y":[1]}}`,
    signature(["x", "uint8"], ["y", "float32"]),
  ],
  "unknown members": [`{"a":1${fill(',"b":1')},"inputs":1}`, signature(["x", "int32"])],
  "unknown members of inputs": [
    `{"inputs":{"a":1${fill(',"b":1')},"x":1}}`,
    signature(["x", "int32"]),
  ],
  "an unknown list": [`{"a":[[1]${fill(",[2,{}]")}],"inputs":1}`, signature(["x", "int32"])],
  "a list before the signature's name": [
    `{"inputs":[1${fill(",2")}],"signature_name":"s"}`,
    signature(["x", "int32"]),
  ],
};

/** Runs work to its end and counts its pauses. */
function paused<T>(work: Generator<void, T>): { readonly pauses: number; readonly value: T } {
  for (let pauses = 0; ; pauses++) {
    const step = work.next();
    if (step.done) return { pauses, value: step.value };
  }
}

for (const kernel of ["with", "without"] as const) {
  describe(`decodePredictInSteps ${kernel} the kernel`, () => {
    const run = <T>(work: () => T): T => (kernel === "with" ? work() : withoutKernel(work));

    it.each(Object.entries(bodies))(
      "pauses at least once in 128 KiB of %s, and reads what decodePredict reads",
      (_, [text, known]) => {
        const body = Buffer.from(text);
        const { pauses, value } = run(() => paused(decodePredictInSteps(body, () => known)));
        expect(value).toEqual(run(() => decodePredict(body, () => known)));
        expect(pauses).toBeGreaterThanOrEqual(BYTES / (2 * STEP_BYTES));
      },
    );

    it("reads bodies concurrently", () => {
      const works = Object.values(bodies).map(([text, known]) =>
        decodePredictInSteps(Buffer.from(text), () => known),
      );
      const values = run(() => {
        const read: unknown[] = [];
        for (let open = works.length; open > 0; ) {
          for (const [i, work] of works.entries()) {
            const step = work.next();
            if (!step.done || read[i] !== undefined) continue;
            read[i] = step.value;
            open--;
          }
        }
        return read;
      });
      const expected = Object.values(bodies).map(([text, known]) =>
        run(() => decodePredict(Buffer.from(text), () => known)),
      );
      expect(values).toEqual(expected);
    });
  });
}

describe("openRequestInSteps", () => {
  it.each(Object.entries(bodies))("pauses in %s, and finds what openRequest finds", (_, [text]) => {
    const body = Buffer.from(text);
    const keys = ["inputs", "instances"] as const;
    const { pauses, value } = paused(openRequestInSteps(body, keys));
    expect(value).toEqual(openRequest(body, keys));
    expect(pauses).toBeGreaterThanOrEqual(BYTES / (2 * STEP_BYTES));
  });
});
