import type { SourceProblemEvent } from "@serving-kit/core";
import { type AspiredVersions, isServingError, type StoragePath } from "@serving-kit/core";
import { FakeClock, RecordingTarget } from "@serving-kit/testing";
import { afterEach, beforeEach, expect } from "vitest";
import type { FilesystemSourceOptions, ServableConfig } from "../src/config.js";
import { type FilesystemSource, filesystemSource } from "../src/filesystem-source.js";
import { TemporaryDirectory } from "./temporary-directory.js";

/** The context of a test: a directory, a clock, and a source observed over the directory. */
export interface Bench {
  directory: TemporaryDirectory;
  clock: FakeClock;
  /**
   * Makes a source for one servable `m` at the directory that neither watches nor waits for files to
   * settle, subscribes to it and looks once.
   */
  observe(options?: ObserveOptions): Promise<Observed>;
}

export type ObserveOptions = Partial<FilesystemSourceOptions> & {
  /** Added to the one servable. */
  readonly servable?: Partial<ServableConfig>;
};

export interface Observed {
  readonly source: FilesystemSource;
  readonly target: RecordingTarget<StoragePath>;
  readonly events: SourceProblemEvent[];
  /** Every emission so far: see `brief`. */
  lists(): (string | bigint)[][];
  /** The reasons of all events so far; `-` before one that was resolved. */
  told(): string[];
}

/** Sets the bench up again for each test, and proves after each that nothing was left behind. */
export function useBench(): Bench {
  const subscriptions: Disposable[] = [];
  const bench: Bench = {
    directory: undefined as unknown as TemporaryDirectory,
    clock: undefined as unknown as FakeClock,
    async observe({ servable, ...options } = {}) {
      const source = filesystemSource({
        servables: [{ name: "m", basePath: bench.directory.path, ...servable }],
        watch: false,
        settleMs: 0,
        clock: bench.clock,
        ...options,
      });
      const events: SourceProblemEvent[] = [];
      source.events.subscribe((event) => events.push(event));
      const target = new RecordingTarget(source);
      subscriptions.push(target);
      await source.poll();
      return {
        source,
        target,
        events,
        lists: () => target.emissions.map(brief),
        told: () =>
          events.map(({ kind, problem }) => (kind === "problem" ? "" : "-") + problem.error.reason),
      };
    },
  };
  beforeEach(() => {
    bench.directory = new TemporaryDirectory();
    bench.clock = new FakeClock();
  });
  afterEach(() => {
    for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
    bench.directory[Symbol.dispose]();
    expect(bench.clock.pending).toBe(0);
  });
  return bench;
}

/** An emission as its name and versions; an error version, and the error of an empty list, as its reason. */
export function brief({ name, versions, error }: AspiredVersions<StoragePath>) {
  if (error !== undefined) return [name, `nothing: ${error.reason}`];
  return [
    name,
    ...versions.map((version) => {
      if (!("error" in version)) return version.id.version;
      return isServingError(version.error) ? version.error.reason : "not a ServingError";
    }),
  ];
}
