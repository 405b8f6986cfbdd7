import {
  type AspiredVersions,
  type Clock,
  type Logger,
  type RemotePath,
  type Source,
  type SourceEvent,
  type SourceProblem,
  SourceProblems,
  type StoragePath,
} from "@serving-kit/core";
import type { Observable } from "rxjs";
import { filter } from "rxjs/internal/operators/filter";
import { tap } from "rxjs/internal/operators/tap";
import { Subject } from "rxjs/internal/Subject";
import { errors } from "../errors.js";

/**
 * A source that the program passes to a server. It emits versions by local path, or by remote path to be downloaded.
 */
export type GivenSource = Source<StoragePath | RemotePath>;

/** The parts of the server that the program's sources need. */
export interface GivenSourcesOptions {
  readonly sources: readonly GivenSource[];
  /** Names that a source must emit, unless they are configured. */
  readonly expected: readonly string[];
  /** Returns whether the configuration has a model of this name. If so, the sources' lists of this name are ignored. */
  isConfigured(name: string): boolean;
  /** Called when `names` has changed. */
  onNames(): void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The sources that a program passes to its server in addition to the configured models. Keeps the names that the
 * sources have emitted, and the reasons why a name has no version.
 */
export class GivenSources {
  /** The sources, filtered to names that are not configured. */
  readonly sources: readonly GivenSource[];
  readonly #options: GivenSourcesOptions;
  readonly #told = new Subject<SourceEvent>();
  readonly #problems = new Map<string, SourceProblems>();
  /** The names with a version or a problem. */
  readonly #names = new Set<string>();
  readonly #ignored = new Set<string>();
  #openCount: number;

  constructor(options: GivenSourcesOptions) {
    this.#options = options;
    this.#openCount = options.sources.length;
    for (const name of options.expected) this.#problemsOf(name);
    this.sources = options.sources.map((source) =>
      source.pipe(
        filter(({ name }) => !this.#isTaken(name)),
        tap({
          next: (list) => this.#take(list),
          error: (error) => this.#failed(error),
          complete: () => this.#ended(),
        }),
      ),
    );
  }

  /** Emits when a problem occurs or is resolved. */
  get events(): Observable<SourceEvent> {
    return this.#told;
  }

  /** The names for which a source has emitted a version or a problem, without those that are configured. */
  names(): readonly string[] {
    return [...this.#names].filter((name) => !this.#options.isConfigured(name));
  }

  problems(name: string): readonly SourceProblem[] {
    if (this.#options.isConfigured(name)) return [];
    return this.#problems.get(name)?.list() ?? [];
  }

  #isTaken(name: string): boolean {
    const { isConfigured, logger } = this.#options;
    if (!isConfigured(name)) return false;
    if (!this.#ignored.has(name)) {
      logger.warn({ model: name }, `model ${name}: ignoring a source, the name is configured`);
      this.#ignored.add(name);
    }
    return true;
  }

  #take({ name, versions, error }: AspiredVersions<unknown>): void {
    const count = this.#names.size;
    if (versions.length > 0 || error !== undefined) this.#names.add(name);
    else this.#names.delete(name);
    this.#problemsOf(name).replace(error === undefined ? [] : [{ error }]);
    if (this.#names.size !== count) this.#options.onNames();
  }

  /** A failed source emits nothing more. The versions that it emitted last stay aspired. */
  #failed(cause: unknown): void {
    for (const [name, problems] of this.#problems) {
      problems.report(errors.sourceEnded(name, this.#names.has(name), cause));
    }
    this.#openCount--;
  }

  #ended(): void {
    if (--this.#openCount > 0) return;
    for (const name of this.#options.expected) {
      if (!this.#names.has(name)) this.#problemsOf(name).report(errors.sourceEnded(name, false));
    }
  }

  #problemsOf(name: string): SourceProblems {
    let problems = this.#problems.get(name);
    if (problems === undefined) {
      const tell = (event: SourceEvent) => this.#told.next(event);
      problems = new SourceProblems(name, this.#options.clock, { tell });
      this.#problems.set(name, problems);
    }
    return problems;
  }
}
