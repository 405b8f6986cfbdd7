/** Collects what attacks did to a server that they must not. */
export class Report {
  /** Broken promises, in words. */
  readonly problems: string[] = [];
  /** The same for those that a busy machine breaks too: waits, and peaks of memory. */
  readonly noisyProblems: string[] = [];
  readonly #print: (line: string) => void;

  /** @param print Called with each line of figures. */
  constructor(print: (line: string) => void = () => {}) {
    this.#print = print;
  }

  /** Prints cells as one line. */
  line(...cells: readonly string[]): void {
    this.#print(cells.filter((cell) => cell !== "").join("  "));
  }

  /** Notes a promise that is not kept. Returns a cell for the line. */
  check(isKept: boolean, what: string): string {
    if (!isKept) this.problems.push(what);
    return isKept ? "" : "FAILED";
  }

  /** The same for a promise that a busy machine can break. */
  checkNoisy(isKept: boolean, what: string): string {
    if (!isKept) this.noisyProblems.push(what);
    return isKept ? "" : "FAILED";
  }
}

/** A cell with a time. */
export const inMs = (ms: number): string => `${ms.toFixed(0).padStart(6)} ms`;

/** A cell with an amount of memory. */
export const inMb = (mb: number): string => `${mb.toFixed(0).padStart(5)} MB`;
