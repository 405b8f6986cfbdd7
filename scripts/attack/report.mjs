// @ts-nocheck Not yet in TypeScript.
/** Collects what attacks did to a server that they must not. */
export class Report {
  /** Broken promises, in words. */
  problems = [];
  /** The same for those that a busy machine breaks too: waits, and peaks of memory. */
  noisyProblems = [];
  #print;

  /** @param print Called with each line of figures. */
  constructor(print = () => {}) {
    this.#print = print;
  }

  /** Prints cells as one line. */
  line(...cells) {
    this.#print(cells.filter((cell) => cell !== "").join("  "));
  }

  /** Notes a promise that is not kept. Returns a cell for the line. */
  check(isKept, what) {
    if (!isKept) this.problems.push(what);
    return isKept ? "" : "FAILED";
  }

  /** The same for a promise that a busy machine can break. */
  checkNoisy(isKept, what) {
    if (!isKept) this.noisyProblems.push(what);
    return isKept ? "" : "FAILED";
  }
}

/** A cell with a time. */
export const inMs = (ms) => `${ms.toFixed(0).padStart(6)} ms`;

/** A cell with an amount of memory. */
export const inMb = (mb) => `${mb.toFixed(0).padStart(5)} MB`;
