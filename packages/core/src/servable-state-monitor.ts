import type { Observable, Subscription } from "rxjs";
import { ChangeListeners } from "./change-listeners.js";
import { checkAtLeast } from "./check-at-least.js";
import { type Clock, systemClock } from "./clock.js";
import { errors } from "./errors.js";
import { formatServableId, type ServableId } from "./servable-id.js";
import type { ManagerEvent, ServableState, ServableStateName } from "./servable-state.js";
import { type WaitOptions, waitUntil } from "./wait-until.js";

/** Options for a ServableStateMonitor. */
export interface ServableStateMonitorOptions {
  /** Maximum number of events in `history`. Default 0. */
  readonly maxHistory?: number | undefined;
  /** Maximum number of ended versions that are remembered per name; older ones are forgotten. Default 10. */
  readonly maxEndedPerName?: number | undefined;
  /** Default `systemClock`. */
  readonly clock?: Clock | undefined;
}

const ORDER: readonly ServableStateName[] = ["start", "loading", "available", "unloading", "end"];

/**
 * Observes the events of managers and remembers the state of every version, including a limited number of versions
 * that the manager has forgotten.
 *
 * It observes events from its construction on. Disposing it ends its subscription; the remembered states can still be
 * read.
 */
export class ServableStateMonitor implements Disposable {
  readonly #maxHistory: number;
  readonly #maxEndedPerName: number;
  readonly #clock: Clock;
  readonly #subscription: Subscription;
  /** By name, then by version; the version that changed last is last. */
  readonly #byName = new Map<string, Map<bigint, ServableState>>();
  #history: ServableState[] = [];
  readonly #waiting = new ChangeListeners();
  #isComplete = false;

  /** Throws RangeError if a number among the options is out of range. */
  constructor(events: Observable<ManagerEvent>, options: ServableStateMonitorOptions = {}) {
    this.#maxHistory = options.maxHistory ?? 0;
    this.#maxEndedPerName = options.maxEndedPerName ?? 10;
    checkAtLeast(0, {
      maxHistory: this.#maxHistory,
      maxEndedPerName: this.#maxEndedPerName,
    });
    this.#clock = options.clock ?? systemClock;
    const end = () => {
      this.#isComplete = true;
      this.#waiting.tellAll();
    };
    this.#subscription = events.subscribe({
      next: (event) => event.kind === "state" && this.#record(event),
      error: end,
      complete: end,
    });
  }

  /** Returns the latest events, oldest first: at most `maxHistory`. */
  get history(): readonly ServableState[] {
    return this.#maxHistory === 0 ? [] : this.#history.slice(-this.#maxHistory);
  }

  /** Returns the last known state of a version. */
  state(id: ServableId): ServableState | undefined {
    return this.#byName.get(id.name)?.get(id.version);
  }

  /** Returns the last known states of one name or of all names; newest version first within a name. */
  states(name?: string): ServableState[] {
    const all = name === undefined ? this.#byName.values() : [this.#byName.get(name) ?? new Map()];
    return [...all].flatMap((states: ReadonlyMap<bigint, ServableState>) =>
      [...states.values()].sort((a, b) => (a.id.version < b.id.version ? 1 : -1)),
    );
  }

  /** Returns the states of versions that have not ended. */
  liveStates(name?: string): ServableState[] {
    return this.states(name).filter(({ state }) => state !== "end");
  }

  /** Forgets ended versions of one name or of all names. */
  forgetEnded(name?: string): void {
    for (const key of name === undefined ? [...this.#byName.keys()] : [name]) this.#forget(key, 0);
  }

  /**
   * Resolves with the state of the version once it has reached `goal` or a later state.
   *
   * @throws ServingError the version's error if it ended with an error and the goal is not `end`; WAIT_TIMED_OUT
   * (DEADLINE_EXCEEDED); MANAGER_CLOSED (UNAVAILABLE) if the events complete first; or the signal's reason.
   */
  waitForState(
    id: ServableId,
    goal: ServableStateName,
    options: WaitOptions = {},
  ): Promise<ServableState> {
    return waitUntil(
      {
        what: `state ${goal} of ${formatServableId(id)}`,
        look: () => {
          const state = this.state(id);
          if (state?.state === "end" && state.error && goal !== "end") throw state.error;
          const isReached = state && ORDER.indexOf(state.state) >= ORDER.indexOf(goal);
          if (isReached) return state;
          if (this.#isComplete) throw errors.managerClosed();
          return undefined;
        },
        onChange: (again) => this.#waiting.add(id.name, again),
        describe: () => `it is at ${this.state(id)?.state ?? "no state known"}`,
      },
      options,
      this.#clock,
    );
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
  }

  #record(event: ServableState & { readonly kind: "state" }): void {
    const { kind: _, ...state } = event;
    const { name, version } = state.id;
    const states = this.#byName.get(name) ?? new Map<bigint, ServableState>();
    this.#byName.set(name, states);
    states.delete(version);
    states.set(version, state);
    if (state.state === "end") this.#forget(name, this.#maxEndedPerName);
    if (this.#maxHistory > 0) {
      this.#history.push(state);
      // Truncated occasionally, which is cheaper than a shift at every event.
      if (this.#history.length >= 2 * this.#maxHistory) {
        this.#history = this.#history.slice(-this.#maxHistory);
      }
    }
    this.#waiting.tell(name);
  }

  /** Keeps at most `max` ended versions of a name: those that ended last. */
  #forget(name: string, max: number): void {
    const states = this.#byName.get(name);
    if (states === undefined) return;
    const ended = [...states.values()].filter(({ state }) => state === "end");
    for (const { id } of ended.slice(0, Math.max(0, ended.length - max))) states.delete(id.version);
    if (states.size === 0) this.#byName.delete(name);
  }
}
