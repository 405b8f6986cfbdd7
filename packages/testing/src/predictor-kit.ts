import { unload } from "@serving-kit/core";
import { DEFAULT_SIGNATURE, type Predictor, type Tensors } from "@serving-kit/inference";
import type { SuiteOptions } from "./runner.js";
import { assertOutputs, copyOf, DEFAULT_TOLERANCE } from "./tensor-assertions.js";
import { DEFAULT_TIMEOUT_MS, within } from "./waiting.js";

/** Inputs of a call with the outputs that are right for them. */
export interface PredictorExample {
  /** Default `serving_default`. */
  readonly signature?: string;
  readonly inputs: Tensors;
  /** The right answer, of all outputs or of those that are worth comparing. */
  readonly outputs: Tensors;
  /**
   * Floating-point numbers may differ by `tolerance * max(1, |expected|)`. Default 1e-5. Other
   * elements must be equal.
   */
  readonly tolerance?: number;
}

/** Options of `predictorConformance`. */
export interface PredictorConformanceOptions extends SuiteOptions {
  /** Makes a new predictor, ready to be called; the suite disposes it. */
  create(): Promise<Predictor>;
  /** At least two whose outputs differ: with one, a predictor that mixes up calls would pass. */
  readonly examples: readonly PredictorExample[];
  /**
   * Inputs that take as long as they can, 100 ms or more, for S7, S9 and S12. Without it these are
   * measured on the examples, which verifies less.
   */
  readonly longRunning?: Pick<PredictorExample, "signature" | "inputs">;
  /** For S9: how long the event loop may stand still, in real milliseconds. Default 50. */
  readonly maxBlockMs?: number;
  /** For S6: how many runs the predictor has begun, where that can be seen. */
  runs?(predictor: Predictor): number;
  /** For S11: how much all predictors hold now (bytes, sessions, instances), where that can be seen. */
  allocated?(): number;
}

/** A predictor under test, which is disposed once. */
export interface PredictorSubject {
  readonly predictor: Predictor;
  dispose(): Promise<void>;
}

/** The state that the tests of the clauses share. */
export interface PredictorKit {
  readonly options: PredictorConformanceOptions;
  readonly timeoutMs: number;
  /** Makes a predictor for a test and disposes it afterwards. */
  withPredictor(test: (subject: PredictorSubject) => Promise<void>): Promise<void>;
  /** Calls with an example and asserts that the answer is right. */
  check(predictor: Predictor, example: PredictorExample, what: string): Promise<void>;
  /** Asserts that outputs are those of the example. */
  assertAnswer(outputs: Tensors, example: PredictorExample, what: string): void;
}

/** Makes the kit from the options. */
export function makeKit(options: PredictorConformanceOptions): PredictorKit {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const assertAnswer: PredictorKit["assertAnswer"] = (outputs, example, what) => {
    const wanted = Object.keys(example.outputs).filter((name) => Object.hasOwn(outputs, name));
    const picked = Object.fromEntries(wanted.map((name) => [name, outputs[name]])) as Tensors;
    assertOutputs(picked, example.outputs, example.tolerance ?? DEFAULT_TOLERANCE, what);
  };
  return {
    options,
    timeoutMs,
    assertAnswer,
    async withPredictor(test) {
      const predictor = await options.create();
      let isDisposed = false;
      const dispose = () => {
        isDisposed = true;
        return within(unload(predictor), timeoutMs, "expected disposal to end");
      };
      try {
        await test({ predictor, dispose });
      } finally {
        // S11 reports errors of disposal.
        if (!isDisposed) await dispose().catch(() => {});
      }
    },
    async check(predictor, example, what) {
      const call = predictor.predict(copyOf(example.inputs), optionsOf(example));
      assertAnswer(await within(call, timeoutMs, `${what}: expected an answer`), example, what);
    },
  };
}

/** The options of a call that an example needs. */
export function optionsOf({ signature }: Pick<PredictorExample, "signature">): {
  signature?: string;
} {
  return signature === undefined ? {} : { signature };
}

/** The name of the signature of an example. */
export function signatureNameOf({ signature }: PredictorExample): string {
  return signature ?? DEFAULT_SIGNATURE;
}

/** Tells whether a predictor has a disposal of either kind. */
export function isDisposable(predictor: object): boolean {
  return Symbol.asyncDispose in predictor || Symbol.dispose in predictor;
}
