import { isDeepStrictEqual } from "node:util";
import {
  type AspiredVersion,
  type AspiredVersions,
  type Clock,
  eligibleVersions,
  type FoundProblem,
  isServingError,
  latestVersions,
  type ServingError,
  type SourceEvent,
  SourceProblems,
  type SourceServable,
  type Version,
  type VersionLabels,
  wantedCount,
} from "@serving-kit/core";
import { hasObjectsBelow, type Survey, surveyBasePath, surveyObjects } from "./base-path-survey.js";
import { errors } from "./errors.js";
import { knownVersions, nameVersions } from "./named-versions.js";
import type { ObjectStore } from "./object-store.js";
import { type FetchContext, RemoteVersion } from "./remote-version.js";
import { below, formatStoreUri, prefixOf, type StoreUri } from "./store-uri.js";
import type { CompletenessRules } from "./version-completeness.js";
import { VersionSight } from "./version-sight.js";

/** The parts of its source that an observer needs. */
export interface ObserverContext extends FetchContext {
  readonly clock: Clock;
  readonly rules: CompletenessRules;
  /** Opens the store of the base path, or returns the open one. */
  open(): Promise<ObjectStore>;
  /** Called with the reason of the error when a listing has failed. */
  onListingFailed(reason: string): void;
  emit(list: AspiredVersions<RemoteVersion>): void;
  tell(event: SourceEvent): void;
}

type Aspired = AspiredVersion<RemoteVersion>;

/** The versions that were chosen from a survey. */
interface Choice {
  readonly chosen: readonly Aspired[];
  /** The number of complete versions among them. */
  readonly completeCount: number;
  /** The names of the considered versions that exist. */
  readonly considered: ReadonlySet<string>;
  /** The considered versions that exist. */
  readonly found: ReadonlyMap<Version, string>;
}

/**
 * Interval in ms at which the objects of an aspired version are listed again, and those of a version that has been
 * incomplete for this long.
 */
const RELIST_MS = 3_600_000;

/** Minimum delay in ms until a version that is settling is checked. */
const MIN_DUE_MS = 100;

/**
 * Observes the base path of one servable: each check lists it, and emits the complete list of aspired versions if it
 * has changed.
 *
 * An aspired version stays aspired while it exists. While no version is complete, and while the store cannot be read,
 * the versions of the last list stay aspired.
 */
export class BasePathObserver {
  readonly servable: SourceServable;
  readonly uri: StoreUri;
  /** The list emitted last. */
  emitted: AspiredVersions<RemoteVersion> | undefined;
  labels: VersionLabels = {};
  /** Delay in ms from the last check to the next, if that is before the next poll. */
  dueInMs: number | undefined;
  readonly problems: SourceProblems;
  readonly #context: ObserverContext;
  #versions = new Map<string, RemoteVersion>();
  #hasLooked = false;
  /** The versions aspired from the cache while the store cannot be read. */
  #cached: readonly Version[] = [];

  /** Starts with the list of `before`, the observer of the previous configuration. */
  constructor(
    context: ObserverContext,
    servable: SourceServable,
    uri: StoreUri,
    before?: BasePathObserver,
  ) {
    this.servable = servable;
    this.uri = uri;
    this.#context = context;
    this.emitted = before?.emitted;
    this.problems = before?.problems ?? new SourceProblems(servable.name, context.clock, context);
    if (before === undefined || formatStoreUri(before.uri) !== formatStoreUri(uri)) return;
    this.#versions = before.#versions;
    this.#hasLooked = before.#hasLooked;
    this.labels = before.labels;
  }

  /**
   * Checks the base path. If `isThorough`, also lists the objects of aspired versions. Never rejects: failures become
   * problems.
   */
  async look(isThorough: boolean, signal: AbortSignal): Promise<void> {
    this.dueInMs = undefined;
    try {
      const store = await this.#context.open();
      const survey = await this.#survey(store, signal);
      const problems: FoundProblem[] = [];
      const choice = await this.#choose(survey, problems, isThorough, signal);
      const absence = await this.#absence(store, survey, choice, signal);
      const labels = await store.labels?.(prefixOf(this.uri), signal);
      signal.throwIfAborted();
      this.#hasLooked = true;
      this.#cached = [];
      if (absence) problems.push({ error: absence });
      this.problems.replace(problems);
      this.#retain(choice.considered);
      this.#emitChoice(choice, absence);
      this.#label(labels);
    } catch (error) {
      if (!signal.aborted) await this.#fail(error, signal);
    }
  }

  /** At the first check, all objects are listed if they are few: then it also shows which versions are complete. */
  async #survey(store: ObjectStore, signal: AbortSignal): Promise<Survey> {
    const all = this.#hasLooked ? undefined : await surveyObjects(store, this.uri, signal);
    return all ?? surveyBasePath(store, this.uri, signal);
  }

  /** Assesses the eligible versions until there are as many complete ones as the policy requests. */
  async #choose(
    survey: Survey,
    problems: FoundProblem[],
    isThorough: boolean,
    signal: AbortSignal,
  ): Promise<Choice> {
    const { name: servable, versionPolicy = latestVersions() } = this.servable;
    const wanted = wantedCount(versionPolicy);
    const isAspired = (name: string) => this.#aspired(name) !== undefined;
    const found = nameVersions(servable, survey.names, isAspired, problems);
    const chosen: Aspired[] = [];
    const considered = new Set<string>();
    let completeCount = 0;
    for (const version of eligibleVersions(versionPolicy, found.keys())) {
      if (completeCount === wanted) break;
      const name = found.get(version) as string;
      const aspired = await this.#assess(name, version, survey, isThorough, signal);
      if (aspired === "gone") {
        found.delete(version);
        continue;
      }
      considered.add(name);
      // An error version is aspired in addition to the complete versions, and replaces none of them.
      if (!("problem" in aspired)) chosen.push(aspired);
      if ("data" in aspired) {
        completeCount++;
        const { isOverwritten, uri } = aspired.data;
        if (isOverwritten) problems.push({ version, error: errors.versionOverwritten(uri) });
      } else {
        problems.push({ version, error: "problem" in aspired ? aspired.problem : aspired.error });
      }
    }
    return { chosen, completeCount, considered, found };
  }

  /** Returns the version to aspire, the reason why it is not complete yet, or that it has no objects. */
  async #assess(
    name: string,
    version: Version,
    survey: Survey,
    isThorough: boolean,
    signal: AbortSignal,
  ): Promise<Aspired | { readonly problem: ServingError } | "gone"> {
    const remote = this.#versions.get(name) ?? this.#make(name);
    this.#versions.set(name, remote);
    const { sight, uri } = remote;
    const known = this.#aspired(name);
    const id = { name: this.servable.name, version };
    try {
      let seen = sight.last;
      if (isThorough || this.#isDue(sight) || seen === undefined) {
        const listed = survey.versionOf?.(name, uri);
        seen = await sight.look(signal, listed);
      }
      if (seen.listing.files.length === 0) return "gone";
      if (known !== undefined) return known;
      const { state } = seen;
      if (state.isComplete) {
        const refused = await this.servable.refusal?.(uri, seen.listing.fingerprint);
        if (refused !== undefined) return { id, error: refused };
        return { id, data: remote, changed: (stop) => sight.changed(stop) };
      }
      if (state.dueInMs !== undefined) this.#due(state.dueInMs);
      return { problem: errors.versionIncomplete(uri, state.problem) };
    } catch (error) {
      if (!isServingError(error) || error.reason !== "VERSION_UNREADABLE") throw error;
      return known ?? { id, error };
    }
  }

  #isDue({ isAwaited, last, sinceMs, clock }: VersionSight): boolean {
    if (last === undefined || isAwaited) return true;
    const isNew = !last.state.isComplete && clock.now() - sinceMs < RELIST_MS;
    return isNew || clock.now() - last.atMs >= RELIST_MS;
  }

  #due(ms: number): void {
    this.dueInMs = Math.min(this.dueInMs ?? Number.POSITIVE_INFINITY, Math.max(MIN_DUE_MS, ms));
  }

  #make(name: string): RemoteVersion {
    const { rules, clock, open } = this.#context;
    const place = {
      prefix: `${prefixOf(this.uri)}${name}/`,
      uri: below(this.uri, name),
      open,
    };
    return new RemoteVersion(
      new VersionSight(place, rules, clock, !this.#hasLooked),
      this.#context,
    );
  }

  /** Returns the currently aspired version of a name. */
  #aspired(name: string): Aspired | undefined {
    const remote = this.#versions.get(name);
    return this.emitted?.versions.find((each) => "data" in each && each.data === remote);
  }

  /** Returns the problem if expected versions are missing. */
  async #absence(
    store: ObjectStore,
    { names, hasObjects }: Survey,
    { found }: Choice,
    signal: AbortSignal,
  ): Promise<ServingError | undefined> {
    const { name, versionPolicy } = this.servable;
    const uri = formatStoreUri(this.uri);
    if (found.size === 0) {
      // After a deletion of all objects, their prefix may remain.
      const isThere =
        hasObjects || (names.length > 0 && (await hasObjectsBelow(store, this.uri, signal)));
      if (isThere) return errors.noVersionsFound(name, uri);
      return errors.basePathNotFound(name, uri, this.#isServed);
    }
    if (versionPolicy?.kind !== "specific") return undefined;
    const missing = [...versionPolicy.versions].filter((version) => !found.has(version));
    const isNoneWanted = versionPolicy.versions.size === 0;
    if (missing.length === 0 && !isNoneWanted) return undefined;
    return errors.versionsMissing(name, uri, missing);
  }

  get #isServed(): boolean {
    return (this.emitted?.versions.length ?? 0) > 0;
  }

  #emitChoice(choice: Choice, absence: ServingError | undefined): void {
    const { chosen, completeCount, considered } = choice;
    if (completeCount > 0) this.#emit(chosen);
    else if (considered.size > 0) this.#emitIncomplete(chosen);
    else if (!this.#isServed || absence?.reason !== "BASE_PATH_NOT_FOUND") this.#emit([], absence);
  }

  /** Emits error versions. No version is complete, so the loaded versions stay aspired. */
  #emitIncomplete(chosen: readonly Aspired[]): void {
    const versions = new Set(chosen.map(({ id }) => id.version));
    const kept = (this.emitted?.versions ?? []).filter(
      (aspired) => "data" in aspired && !versions.has(aspired.id.version),
    );
    const list = [...chosen, ...kept].sort((a, b) => (a.id.version < b.id.version ? 1 : -1));
    if (list.length > 0 || this.emitted !== undefined) this.#emit(list);
  }

  /** Keeps the current list, or uses that of the cache if there is none. */
  async #fail(error: unknown, signal: AbortSignal): Promise<void> {
    const { name } = this.servable;
    const uri = formatStoreUri(this.uri);
    this.#context.onListingFailed(isServingError(error) ? error.reason : "UNEXPECTED");
    if (!this.#isServed) await this.#takeCached(signal);
    if (signal.aborted) return;
    const problem =
      this.#cached.length > 0
        ? errors.servedFromCache(name, uri, this.#cached, error)
        : errors.basePathUnreachable(name, uri, error, this.#isServed);
    this.problems.replace([{ error: problem }]);
    if (!this.#isServed) this.#emit([], problem);
  }

  /** Emits the cached versions of the last known list that the policy chooses. */
  async #takeCached(signal: AbortSignal): Promise<void> {
    const { name, versionPolicy = latestVersions() } = this.servable;
    const known = await knownVersions(this.#context.cache, this.uri);
    const eligible = eligibleVersions(versionPolicy, known.keys());
    const chosen = eligible.slice(0, wantedCount(versionPolicy));
    if (signal.aborted || chosen.length === 0) return;
    const versions = chosen.map((version): Aspired => {
      const remote = this.#make(known.get(version) as string);
      this.#versions.set(known.get(version) as string, remote);
      const changed = (stop: AbortSignal) => remote.sight.changed(stop);
      return { id: { name, version }, data: remote, changed };
    });
    this.#cached = chosen;
    this.#emit(versions);
  }

  #retain(names: ReadonlySet<string>): void {
    for (const name of this.#versions.keys()) if (!names.has(name)) this.#versions.delete(name);
  }

  #label(labels: VersionLabels | undefined): void {
    if (labels === undefined || isDeepStrictEqual(labels, this.labels)) return;
    this.labels = labels;
    const { name } = this.servable;
    this.#context.tell({ kind: "labels", name, atMs: this.#context.clock.now() });
  }

  /** Emits a list if it differs from the last emitted list; an empty list with the error, if any. */
  #emit(versions: readonly Aspired[], absence?: ServingError): void {
    const { name } = this.servable;
    const list = { name, versions, ...(absence && versions.length === 0 && { error: absence }) };
    if (this.emitted && isSameList(this.emitted, list)) return;
    this.emitted = list;
    this.#context.emit(list);
    const names = [...this.#versions].filter(([, remote]) =>
      versions.some((each) => "data" in each && each.data === remote),
    );
    if (names.length === 0) return;
    const remembering = this.#context.cache.known.rememberList(
      formatStoreUri(this.uri),
      names.map(([each]) => each),
    );
    // If the cache cannot be written, the next fetch reports it.
    remembering.catch(() => {});
  }
}

/** Returns whether two lists of one servable have the same versions with the same data or errors. */
function isSameList(a: AspiredVersions<RemoteVersion>, b: AspiredVersions<RemoteVersion>): boolean {
  if (a.versions.length !== b.versions.length || a.error?.message !== b.error?.message)
    return false;
  return a.versions.every((one, i) => {
    const other = b.versions[i];
    if (one.id.version !== other?.id.version) return false;
    if ("error" in one) return "error" in other && one.error.message === other.error.message;
    return "data" in other && one.data === other.data;
  });
}
