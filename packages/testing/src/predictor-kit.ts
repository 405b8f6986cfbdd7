import { unload } from "@serving-kit/core";
import { DEFAULT_SIGNATURE, type Predictor, type Tensors } from "@serving-kit/inference";
import type { SuiteOptions } from "./runner.js";
import { assertOutputs, copyOf, DEFAULT_TOLERANCE } from "./tensor-assertions.js";
import { DEFAULT_TIMEOUT_MS, within } from "./waiting.js";

/** Inputs of a call with the expected outputs. */
export interface PredictorExample {
  /** The signature. Default `serving_default`. */
  readonly signature?: string;
  readonly inputs: Tensors;
  /** The expected outputs, all of them or those worth comparing. */
  readonly outputs: Tensors;
  /**
   * Tolerance of floating-point numbers: they may differ by `tolerance * max(1, |expected|)`. Default 1e-5. Other
   * elements must be equal.
   */
  readonly tolerance?: number;
}

/** Options for `predictorConformance`. */
export interface PredictorConformanceOptions extends SuiteOptions {
  /** Creates a new predictor that is ready for calls. The suite disposes it. */
  create(): Promise<Predictor>;
  /** At least two examples with different outputs: with one, a predictor that mixes up calls would pass. */
  readonly examples: readonly PredictorExample[];
  /**
   * Inputs whose run takes as long as possible, 100 ms or more, for S7, S9 and S12. Without them, these clauses are
   * tested on the examples, which verifies less.
   */
  readonly longRunning?: Pick<PredictorExample, "signature" | "inputs">;
  /** For S9: maximum time in real ms for which the event loop may be blocked. Default 50. */
  readonly maxBlockMs?: number;
  /** For S6: returns the number of runs that the predictor has started, if it can be observed. */
  runs?(predictor: Predictor): number;
  /** For S11: returns the amount that all predictors hold now (bytes, sessions, instances), if it can be observed. */
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
  /** Creates a predictor for a test and disposes it afterwards. */
  withPredictor(test: (subject: PredictorSubject) => Promise<void>): Promise<void>;
  /** Calls with an example and asserts that the outputs are as expected. */
  check(predictor: Predictor, example: PredictorExample, what: string): Promise<void>;
  /** Asserts that outputs equal those of the example. */
  assertAnswer(outputs: Tensors, example: PredictorExample, what: string): void;
}

/** Creates the kit from the options. */
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

/** Returns the call options for an example. */
export function optionsOf({ signature }: Pick<PredictorExample, "signature">): {
  signature?: string;
} {
  return signature === undefined ? {} : { signature };
}

/** Returns the signature name of an example. */
export function signatureNameOf({ signature }: PredictorExample): string {
  return signature ?? DEFAULT_SIGNATURE;
}

/** Returns whether a predictor is disposable, synchronously or asynchronously. */
export function isDisposable(predictor: object): boolean {
  return Symbol.asyncDispose in predictor || Symbol.dispose in predictor;
}
