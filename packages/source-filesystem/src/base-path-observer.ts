import { join } from "node:path";
import {
  type AspiredVersion,
  type AspiredVersions,
  eligibleVersions,
  type FoundProblem,
  type ServingError,
  type SourceProblemListener,
  SourceProblems,
  type StoragePath,
  type Version,
  versionNames,
  wantedCount,
} from "@serving-kit/core";
import { type AspiredList, findAspired, isSameList } from "./aspired-list.js";
import { type BasePathListing, isSameListing, listBasePath } from "./base-path-listing.js";
import { BoundedCheck } from "./bounded-check.js";
import { lookAgainInMs } from "./completeness.js";
import type { ResolvedServable } from "./config.js";
import { DeclaredNetwork } from "./declared-network.js";
import { errors } from "./errors.js";
import { type Surroundings, VersionAssessor } from "./version-assessor.js";
import { type SeenVersion, VersionChanges } from "./version-changes.js";

/** Callbacks of an observer to its owner. */
export interface ObserverEvents extends SourceProblemListener {
  emit(versions: AspiredVersions<StoragePath>): void;
}

/** The versions that were chosen in a base path. */
interface Choice {
  readonly chosen: readonly AspiredVersion<StoragePath>[];
  /** The number of complete versions among them. */
  readonly completeCount: number;
  /** The assessed and the aspired paths. */
  readonly considered: ReadonlySet<string>;
}

/**
 * Observes the base path of one servable: each check lists it, and emits the complete list of aspired versions if it
 * has changed.
 *
 * An aspired version stays aspired while its directory exists; its files are read again only while a manager waits
 * for them to change. While no version is complete, the versions of the last list stay aspired, so that a slow copy
 * that replaces the only version leaves no gap.
 */
export class BasePathObserver {
  readonly servable: ResolvedServable;
  /** The device of the base path as last seen, and the base path's identity on it. */
  device: number | undefined;
  identity: string | undefined;
  /** The list emitted last. */
  emitted: AspiredVersions<StoragePath> | undefined;
  readonly problems: SourceProblems;

  readonly #surroundings: Surroundings;
  readonly #events: ObserverEvents;
  readonly #check: BoundedCheck;
  readonly #assessor: VersionAssessor;
  readonly #changes: VersionChanges;
  readonly #network: DeclaredNetwork;
  #names: BasePathListing | undefined;
  #unreachableSinceMs: number | undefined;
  #hasEnded = false;

  /** Continues with the state of `predecessor`, the observer of the previous configuration. */
  constructor(
    surroundings: Surroundings,
    servable: ResolvedServable,
    events: ObserverEvents,
    predecessor?: BasePathObserver,
  ) {
    this.servable = servable;
    this.#surroundings = surroundings;
    this.#events = events;
    this.emitted = predecessor?.emitted;
    this.problems =
      predecessor?.problems ?? new SourceProblems(servable.name, surroundings.clock, events);
    // Half the timeout of a check, so that a rule that hangs is not mistaken for a device that hangs.
    this.#check = new BoundedCheck(surroundings.clock, surroundings.lookTimeoutMs / 2);
    this.#assessor = new VersionAssessor(
      surroundings,
      this.#check,
      predecessor?.servable.basePath === servable.basePath ? predecessor.#assessor : undefined,
    );
    const changes = predecessor === undefined ? undefined : predecessor.#changes;
    this.#changes = new VersionChanges(surroundings, this.#check, changes);
    this.#network = new DeclaredNetwork(surroundings.fileSystem, servable.basePath);
  }

  /** Time in ms until the next check in addition to polls; undefined if none is due. */
  get dueInMs(): number | undefined {
    const nowMs = this.#surroundings.clock.now();
    if (this.#unreachableSinceMs !== undefined) {
      return lookAgainInMs(nowMs - this.#unreachableSinceMs, 1000);
    }
    const due = [this.#assessor.dueAtMs, this.#changes.dueAtMs].filter((at) => at !== undefined);
    return due.length === 0 ? undefined : Math.max(1, Math.min(...due) - nowMs);
  }

  /** Clears the reason for having no version, because the new configuration has not been checked yet. */
  retractAbsence(): void {
    if (this.emitted?.error) this.#emit([], undefined);
  }

  /** The versions that are aspired now. */
  get #aspired(): AspiredList {
    return this.emitted?.versions ?? [];
  }

  /** Contract: `Lookable.network`. */
  get network(): string | undefined {
    return this.#network.name;
  }

  /** True if it checks for changes below the entries of the base path, which watches do not report. */
  get looksBelow(): boolean {
    return this.#changes.isWaitedFor;
  }

  get isReachable(): boolean {
    return this.#names !== undefined;
  }

  /**
   * Checks the base path. If `thorough`, rechecks everything except aspired versions. Never rejects: failures become
   * problems.
   */
  async look(thorough: boolean): Promise<void> {
    const { name, basePath } = this.servable;
    try {
      if (thorough || this.#names === undefined) await this.#identify();
      const names = await listBasePath(this.#surroundings.fileSystem, basePath);
      if (this.#hasEnded) return;
      this.#unreachableSinceMs = undefined;
      this.problems.retract("BASE_PATH_HANGS");
      await this.#changes.look(this.servable);
      if (this.#hasEnded) return;
      const isQuiet = this.#assessor.dueAtMs === undefined && isSameListing(names, this.#names);
      if (isQuiet && !thorough) return;
      await this.#choose(names, thorough);
      this.#names = names;
    } catch (error) {
      if (this.#hasEnded) return;
      this.problems.retract("BASE_PATH_HANGS");
      this.#names = undefined;
      this.#unreachableSinceMs ??= this.#surroundings.clock.now();
      const isServed = this.#aspired.length > 0;
      const unreachable = errors.basePathUnreachable(name, basePath, error, isServed);
      this.problems.replace([{ error: unreachable }]);
      if (!isServed) this.#emit([], unreachable);
    }
  }

  /** Reports that a check has not returned for this time. */
  hangs(timeoutMs: number): void {
    const { name, basePath } = this.servable;
    const isServed = this.#aspired.length > 0;
    this.problems.report(errors.basePathHangs(name, basePath, timeoutMs, isServed));
  }

  /** Ends the observation: checks in progress change and emit nothing. */
  end(): void {
    this.#hasEnded = true;
    this.#check.close();
    this.#network[Symbol.dispose]();
  }

  async #identify(): Promise<void> {
    const { dev, ino } = await this.#surroundings.fileSystem.stat(this.servable.basePath);
    this.device = dev;
    this.identity = `${dev}:${ino}`;
    if (!this.#hasEnded) this.#network.update(dev);
  }

  async #choose(names: BasePathListing, thorough: boolean): Promise<void> {
    const problems: FoundProblem[] = [];
    const found = await this.#find(names, problems);
    const choice = await this.#assess(found, problems, thorough);
    if (choice === undefined) return;
    const { chosen, completeCount, considered } = choice;
    this.#assessor.retain(considered);
    const absence = await this.#absence(names, found);
    if (this.#hasEnded) return;
    if (absence) problems.push({ error: absence });
    this.problems.replace(problems);
    const { servableVersionsAlwaysPresent } = this.servable;
    if (completeCount > 0) this.#emit(chosen, absence);
    else if (considered.size > 0) this.#emitIncomplete(chosen);
    else if (this.#aspired.length === 0 || !servableVersionsAlwaysPresent) this.#emit([], absence);
  }

  /**
   * Assesses the eligible versions until there are as many complete ones as the policy requests. Returns undefined if
   * the observation has ended.
   */
  async #assess(
    found: ReadonlyMap<Version, string>,
    problems: FoundProblem[],
    thorough: boolean,
  ): Promise<Choice | undefined> {
    const { name, versionPolicy } = this.servable;
    const chosen: AspiredVersion<StoragePath>[] = [];
    const wanted = wantedCount(versionPolicy);
    let completeCount = 0;
    const considered = new Set<string>();
    for (const version of eligibleVersions(versionPolicy, found.keys())) {
      if (completeCount === wanted) break;
      const path = found.get(version) as string;
      const id = { name, version };
      considered.add(path);
      const known = findAspired(this.#aspired, version, path);
      if (known) {
        chosen.push(known);
        completeCount++;
        continue;
      }
      const assessment = await this.#assessor.assess(this.servable, id, path, thorough);
      if (this.#hasEnded) return undefined;
      if (assessment.state === "complete") {
        const { data, fingerprint } = assessment;
        const seen: SeenVersion = { id, path, fingerprint };
        chosen.push({ id, data, changed: (signal) => this.#changes.wait(seen, signal) });
        completeCount++;
        continue;
      }
      problems.push({ version, error: assessment.error });
      // An error version is aspired in addition to the complete versions, and replaces none of them.
      if (assessment.state !== "incomplete" && chosen.length < wanted) {
        chosen.push({ id, error: assessment.error });
      }
    }
    return { chosen, completeCount, considered };
  }

  /** Emits error versions. No version is complete, so the loaded versions stay aspired. */
  #emitIncomplete(failed: AspiredList): void {
    const versions = new Set(failed.map(({ id }) => id.version));
    const kept = this.#aspired.filter(
      (aspired) => "data" in aspired && !versions.has(aspired.id.version),
    );
    const list = [...failed, ...kept].sort((a, b) => (a.id.version < b.id.version ? 1 : -1));
    if (list.length > 0 || this.emitted !== undefined) this.#emit(list, undefined);
  }

  /** Returns the problem if expected versions are missing. */
  async #absence(
    names: BasePathListing,
    found: ReadonlyMap<Version, string>,
  ): Promise<ServingError | undefined> {
    const { name, basePath, versionPolicy } = this.servable;
    if (found.size === 0) return errors.noVersionsFound(name, basePath, await this.#hint(names));
    if (versionPolicy.kind !== "specific") return undefined;
    const missing = [...versionPolicy.versions].filter((version) => !found.has(version));
    const isNoneWanted = versionPolicy.versions.size === 0;
    if (missing.length === 0 && !isNoneWanted) return undefined;
    return errors.versionsMissing(name, basePath, missing);
  }

  /** Returns the platform's hint about the base path itself, if any. */
  async #hint(names: BasePathListing): Promise<string | undefined> {
    const { isComplete, basePath } = this.servable;
    if (isComplete === undefined || names.length === 0) return undefined;
    const answer = await this.#check.ask(isComplete, basePath).catch(() => undefined);
    if (!answer || answer.isComplete || answer.remedy === undefined) return undefined;
    return `${answer.problem}; ${answer.remedy}`;
  }

  /** Returns the path of each version that exists. */
  async #find(names: BasePathListing, problems: FoundProblem[]): Promise<Map<Version, string>> {
    const { name, basePath } = this.servable;
    const found = new Map<Version, string>();
    for (const [version, directories] of versionNames(names)) {
      const paths = directories.map((directory) => join(basePath, directory));
      const chosen =
        paths.find((path) => findAspired(this.#aspired, version, path)) ?? (paths[0] as string);
      found.set(version, chosen);
      const others = paths.filter((path) => path !== chosen);
      if (others.length > 0) {
        const error = errors.duplicateVersion({ name, version }, chosen, others);
        problems.push({ version, error });
      }
    }
    if (found.size === 0 && (await this.#isUnversioned())) found.set(1n, basePath);
    return found;
  }

  /** Returns whether the base path is itself a model, by the rule of the servable. */
  async #isUnversioned(): Promise<boolean> {
    const { accepts, basePath } = this.servable;
    return accepts !== undefined && this.#check.ask(accepts, basePath);
  }

  /** Emits a list if it differs from the last emitted list; an empty list with the error, if any. */
  #emit(versions: AspiredList, absence: ServingError | undefined): void {
    const { name } = this.servable;
    const list = { name, versions, ...(absence && versions.length === 0 && { error: absence }) };
    if (this.emitted && isSameList(this.emitted, list)) return;
    this.emitted = list;
    this.#events.emit(list);
  }
}
