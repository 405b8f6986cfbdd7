import { type Profiler, Session } from "node:inspector";

/** The blocks of code that have run, by V8's precise block coverage. */
export class Coverage implements Disposable {
  readonly #session = new Session();
  readonly #isOwn: (url: string) => boolean;
  readonly #known = new Set<string>();

  /** @param isOwn Whether the code of a URL counts. */
  constructor(isOwn: (url: string) => boolean) {
    this.#isOwn = isOwn;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Returns the blocks that have run since the last call. It takes milliseconds: V8 reports all scripts. */
  take(): Set<string> {
    let found: Profiler.ScriptCoverage[] = [];
    // Answers before it returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, coverage) => {
      if (error) throw error;
      found = coverage.result;
    });
    const blocks = new Set<string>();
    for (const { url, functions } of found) {
      if (!this.#isOwn(url)) continue;
      for (const { ranges } of functions) {
        for (const { count, startOffset, endOffset } of ranges) {
          if (count > 0) blocks.add(`${url} ${startOffset} ${endOffset}`);
        }
      }
    }
    return blocks;
  }

  /** Returns those of the blocks that `learn` has not been given. */
  unknown(blocks: ReadonlySet<string>): Set<string> {
    return new Set([...blocks].filter((block) => !this.#known.has(block)));
  }

  learn(blocks: Iterable<string>): void {
    for (const block of blocks) this.#known.add(block);
  }

  [Symbol.dispose](): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}
