import type { AspiredVersionPolicy, VersionSnapshot } from "./aspired-version-policy.js";
import { type AspiredVersion, type AspiredVersions, onChange } from "./aspired-versions.js";
import { errors, type ServingError } from "./errors.js";
import type { HarnessContext } from "./harness-context.js";
import type { Loader } from "./loader.js";
import { type HarnessOwner, LoaderHarness } from "./loader-harness.js";
import type { Version } from "./servable-id.js";
import type { ServableRequest } from "./servable-request.js";
import type { ServableState } from "./servable-state.js";
import { messageOf } from "./thrown.js";

/** The state shared by the streams of a manager. Internal. */
export interface StreamContext<S> {
  readonly policy: AspiredVersionPolicy;
  readonly reloadBackoffMs: { readonly min: number; readonly max: number };
  readonly harness: HarnessContext<S>;
  /** Called at every state change of a version. */
  changed(life: LoaderHarness<S>): void;
  policyFailed(name: string, error: ServingError): void;
  /** Called after changes, when the stream has nothing more to do for now. */
  settled(stream: ServableStream<S>): void;
}

/**
 * All versions of one servable that are aspired or not yet unloaded. Applies the policy, and runs the load cycles of
 * each version one after the other. Internal.
 */
export class ServableStream<S> implements HarnessOwner<S> {
  readonly name: string;
  readonly #context: StreamContext<S>;
  /** The latest list from the source, by version. */
  #aspired = new Map<Version, AspiredVersion<Loader<S>>>();
  /** Why that list is empty, if the source gives a reason. */
  #absence: ServingError | undefined;
  /** A list that has not been processed yet. */
  #list: AspiredVersions<Loader<S>> | undefined;
  /** One load cycle per version, newest version first. */
  #lives: LoaderHarness<S>[] = [];
  /** True if an ended load cycle has not been removed yet. */
  #hasEnded = false;
  #isSettling = false;
  #isClosing = false;

  constructor(name: string, context: StreamContext<S>) {
    this.name = name;
    this.#context = context;
  }

  /** The load cycles of the versions, newest version first. */
  get lives(): readonly LoaderHarness<S>[] {
    return this.#lives;
  }

  /** True if no version is aspired or loaded, and there is no error to report. */
  get isEmpty(): boolean {
    const isIdle = this.#lives.length === 0 && this.#aspired.size === 0;
    return isIdle && this.#list === undefined && this.#absence === undefined;
  }

  /** Takes the latest list, which replaces the earlier one. */
  aspire(list: AspiredVersions<Loader<S>>): void {
    this.#list = list;
    this.#settle();
  }

  /** Unloads all versions, and starts no more loads. */
  close(): void {
    this.#isClosing = true;
    this.#aspired.clear();
    this.#absence = undefined;
    this.#list = undefined;
    for (const life of [...this.#lives]) {
      life.isAspired = false;
      if (life.phase === "failed") this.#bury(life);
      else if (life.phase === "ready") life.unload();
      else life.cancel();
    }
    this.#settle();
  }

  changed(life: LoaderHarness<S>): void {
    if (life.phase === "failed") this.#scheduleNextLife(life);
    if (life.phase === "ended") this.#hasEnded = true;
    this.#context.changed(life);
    // While a version loads or unloads, there is nothing to decide: the policy was called when it started.
    if (life.phase !== "loading" && life.phase !== "leaving") this.#settle();
  }

  /**
   * Returns the error of a request that cannot be fulfilled: because all matching versions have failed, or because
   * the source has no matching version.
   */
  failureOf({ version, label }: ServableRequest): ServingError | undefined {
    if (this.#absence !== undefined) return this.#absence;
    if (label !== undefined) return undefined;
    const lives = this.#livesOf(version);
    return lives.every((life) => life.phase === "failed") ? lives[0]?.error : undefined;
  }

  /** Returns whether a version that could fulfil a request is aspired or not yet unloaded. */
  has({ version }: ServableRequest): boolean {
    return this.#livesOf(version).length > 0;
  }

  get states(): ServableState[] {
    return this.#lives.map((life) => life.state);
  }

  #livesOf(version: ServableRequest["version"]): readonly LoaderHarness<S>[] {
    if (version === undefined) return this.#lives;
    return this.#lives.filter(({ id }) => id.version === BigInt(version));
  }

  /**
   * Does all pending work, in rounds. Changes that occur meanwhile, including a list that an observer causes a source
   * to emit, are processed in the next round, never nested.
   */
  #settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    do {
      this.#takeUpList();
      this.#replaceEnded();
    } while (this.#followPolicy() || this.#list !== undefined);
    this.#isSettling = false;
    this.#context.settled(this);
  }

  #takeUpList(): void {
    const list = this.#list;
    if (list === undefined) return;
    this.#list = undefined;
    this.#absence = list.error;
    this.#aspired = new Map(list.versions.map((version) => [version.id.version, version]));
    for (const life of [...this.#lives]) this.#update(life);
    const known = new Set(this.#lives.map((life) => life.id.version));
    for (const [version, aspired] of this.#aspired) {
      if (!known.has(version)) this.#begin(aspired, 0);
    }
  }

  /** Updates a load cycle to the latest list. */
  #update(life: LoaderHarness<S>): void {
    const version = this.#aspired.get(life.id.version);
    life.isAspired = version !== undefined;
    if (version === undefined) {
      if (life.phase === "failed") this.#bury(life);
      else life.cancel();
    } else if (life.isErrorVersion) {
      const isSameError = "error" in version && version.error.message === life.error?.message;
      if (!isSameError) this.#bury(life);
    }
  }

  #begin(version: AspiredVersion<Loader<S>>, failedLives: number): void {
    const life = new LoaderHarness(this.#context.harness, this, version, failedLives);
    const index = this.#lives.findIndex((other) => other.id.version < version.id.version);
    this.#lives.splice(index === -1 ? this.#lives.length : index, 0, life);
    this.changed(life);
  }

  /** Removes ended load cycles, and starts a new load cycle for versions that are aspired (again). */
  #replaceEnded(): void {
    if (!this.#hasEnded) return;
    this.#hasEnded = false;
    for (const life of this.#lives.filter(({ phase }) => phase === "ended")) {
      this.#bury(life);
      const version = this.#aspired.get(life.id.version);
      if (version) this.#begin(version, 0);
    }
  }

  #bury(life: LoaderHarness<S>): void {
    life.cancelNextLife();
    this.#lives = this.#lives.filter((other) => other !== life);
  }

  /** Applies the next action of the policy. Returns whether there may be more to do. */
  #followPolicy(): boolean {
    if (this.#isClosing) return false;
    try {
      const action = this.#context.policy(this.#lives.map(toSnapshot));
      if (action === undefined) return false;
      const life = this.#lives.find((life) => life.id.version === action.id.version);
      if (action.kind === "load" && life?.phase === "new" && life.isAspired) life.load();
      else if (action.kind === "unload" && life?.phase === "ready" && !life.isAspired)
        life.unload();
      else throw new TypeError(`it must not ${action.kind} version ${action.id.version} now`);
      return true;
    } catch (cause) {
      const error = errors.policyFailed(this.name, messageOf(cause), cause);
      this.#context.policyFailed(this.name, error);
      return false;
    }
  }

  #scheduleNextLife(life: LoaderHarness<S>): void {
    if (life.isErrorVersion || this.#isClosing) return;
    const { reloadBackoffMs, harness } = this.#context;
    const { min, max } = reloadBackoffMs;
    const delayMs = Math.min(max, min * 2 ** Math.min(life.failedLives, 30));
    const again = (failedLives: number) => this.#beginAgain(life, failedLives);
    const timer = harness.clock.setTimeout(() => again(life.failedLives + 1), delayMs);
    const watch = onChange(this.#aspired.get(life.id.version), () => again(0));
    const next = {
      [Symbol.dispose]() {
        timer[Symbol.dispose]();
        watch[Symbol.dispose]();
      },
    };
    life.setNextLife(next, harness.clock.now() + delayMs);
  }

  #beginAgain(life: LoaderHarness<S>, failedLives: number): void {
    this.#bury(life);
    const version = this.#aspired.get(life.id.version);
    if (version) this.#begin(version, failedLives);
    this.#settle();
  }
}

function toSnapshot<S>({ id, isAspired, phase }: LoaderHarness<S>): VersionSnapshot {
  // Ended load cycles are replaced before the policy is called.
  return { id, isAspired, state: phase as VersionSnapshot["state"] };
}
