/**
 * The parts of a test runner that a suite needs. `vitest` and `node:test` both export it:
 * `predictorConformance({ describe, it }, …)`.
 */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    /** Reports a skipped test. Without it, a skipped clause is a test with an empty body. */
    skip?(name: string, body: () => Promise<void>): unknown;
  };
}

/** A documented deviation from a contract: the clauses that do not hold, and the reason. */
export interface Skip {
  /** Shown in the title of each test that is skipped. */
  readonly reason: string;
  /** Numbers of clauses, such as `S7`. An unknown number is a failing test. */
  readonly clauses: readonly string[];
}

/** Options for every suite. */
export interface SuiteOptions {
  /** The name of the tested component in the titles. */
  readonly name: string;
  /** Clauses to skip. Default: every clause is tested. */
  readonly skip?: readonly Skip[];
  /** Maximum time in real ms that the suite waits for one condition. Default 4,000. */
  readonly timeoutMs?: number;
}
