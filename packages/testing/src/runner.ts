/**
 * What a suite needs of a test runner. `vitest` and `node:test` both export it:
 * `predictorConformance({ describe, it }, …)`.
 */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    /** Reports a test that is not run. Without it a skipped clause is a test with an empty body. */
    skip?(name: string, body: () => Promise<void>): unknown;
  };
}

/** A deviation from a contract, written down: which clauses do not hold, and why. */
export interface Skip {
  /** Shown in the title of each test that is skipped. */
  readonly reason: string;
  /** Numbers of clauses, such as `S7`. A number that the suite does not have is a failing test. */
  readonly clauses: readonly string[];
}

/** Options of every suite. */
export interface SuiteOptions {
  /** Names what is tested, in the titles. */
  readonly name: string;
  /** Default: every clause is tested. */
  readonly skip?: readonly Skip[];
  /** How long the suite waits for one thing to happen, in real milliseconds. Default 4,000. */
  readonly timeoutMs?: number;
}
