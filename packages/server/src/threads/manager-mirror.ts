import type {
  LabelState,
  ServableState,
  ServingError,
  ServingMap,
  VersionLabels,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ManagerNews, ThreadState } from "./loop-messages.js";
import { readError } from "./thread-error.js";

/** The state of the main thread's manager, as a loop last received it. */
export class ManagerMirror {
  readonly #serving: ServingMap<Predictor>;
  readonly #states = new Map<string, readonly ServableState[]>();
  readonly #statesBeside = new Map<string, readonly ServableState[]>();
  readonly #listeners = new Set<() => void>();
  #modelNames: readonly string[] = [];
  #modelUris: ReadonlyMap<string, string> = new Map();
  #isStarted = false;
  #isServing = false;

  /** Stores the labels in `serving`, next to the versions that they point at. */
  constructor(serving: ServingMap<Predictor>) {
    this.#serving = serving;
  }

  /** Applies news, and notifies the listeners. */
  learn({ isStarted, isServing, configuration, models }: ManagerNews): void {
    this.#isStarted = isStarted;
    this.#isServing = isServing;
    if (configuration !== undefined) {
      this.#modelNames = configuration.modelNames;
      this.#modelUris = configuration.modelUris;
    }
    for (const { name, states, statesBeside, labels } of models) {
      this.#setLabels(name, labels);
      keep(this.#states, name, states);
      keep(this.#statesBeside, name, statesBeside);
    }
    for (const listener of this.#listeners) listener();
  }

  /** Contract: `AspiredVersionsManager.states`. */
  states = (name?: string): readonly ServableState[] =>
    name === undefined ? [...this.#states.values()].flat() : (this.#states.get(name) ?? []);

  /** Contract: `ServerCore.statesBeside`. */
  statesBeside = (name: string): readonly ServableState[] => this.#statesBeside.get(name) ?? [];

  modelNames = (): readonly string[] => this.#modelNames;

  modelUris = (): ReadonlyMap<string, string> => this.#modelUris;

  isStarted = (): boolean => this.#isStarted;

  isServing = (): boolean => this.#isServing;

  onStateChange = (listener: () => void): Disposable => {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  };

  /** Sets active labels first, then pending ones, in the order in which the manager reached them. */
  #setLabels(name: string, labels: ReadonlyMap<string, LabelState>): void {
    const known = this.#serving.labels(name);
    if (labels.size === 0 && known.size === 0) return;
    const inForce = [...labels].flatMap(([label, { version }]) =>
      version === undefined ? [] : [[label, version] as const],
    );
    const wanted = [...labels].map(
      ([label, { version, pending }]) => [label, pending ?? version] as const,
    );
    this.#serving.setLabels(name, Object.fromEntries(inForce));
    this.#serving.setLabels(name, Object.fromEntries(wanted) as VersionLabels);
  }
}

function keep(
  byName: Map<string, readonly ServableState[]>,
  name: string,
  states: readonly ThreadState[],
): void {
  if (states.length === 0) byName.delete(name);
  else byName.set(name, states.map(readState));
}

const readState = ({ error, ...state }: ThreadState): ServableState => ({
  ...state,
  ...(error && { error: readError(error) as ServingError }),
});
