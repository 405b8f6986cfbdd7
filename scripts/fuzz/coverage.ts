import { type Profiler, Session } from "node:inspector";

/**
 * The blocks of code that have run, by V8's precise coverage. In binary mode V8 reports each block once, when
 * it has run for the first time, so that whatever an input makes it report is new.
 */
export class Coverage implements Disposable {
  readonly #session = new Session();
  readonly #isOwn: (url: string) => boolean;

  /** @param isOwn Whether the code of a URL counts. */
  constructor(isOwn: (url: string) => boolean) {
    this.#isOwn = isOwn;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: false, detailed: true });
  }

  /** Returns how many blocks have run for the first time since the last call. */
  take(): number {
    let found: Profiler.ScriptCoverage[] = [];
    // Answers before it returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, coverage) => {
      if (error) throw error;
      found = coverage.result;
    });
    let blocks = 0;
    for (const { url, functions } of found) {
      if (!this.#isOwn(url)) continue;
      for (const { ranges } of functions) blocks += ranges.filter(({ count }) => count > 0).length;
    }
    return blocks;
  }

  [Symbol.dispose](): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}
