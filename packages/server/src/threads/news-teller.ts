import { type ServableState, turn } from "@serving-kit/core";
import type { Subscription } from "rxjs";
import type { LoopObservers } from "../loop/loop-observers.js";
import type { ServedModels } from "../models/served-models.js";
import type { Loop } from "./loop.js";
import type { ConfigurationNews, ManagerNews, ThreadState } from "./loop-messages.js";
import { writeError } from "./thread-error.js";

/** The state that is sent to loops. */
export interface NewsOrigin {
  readonly models: Pick<
    ServedModels,
    "states" | "statesBeside" | "names" | "uris" | "changes" | "manager" | "isServing"
  >;
  readonly observers: Pick<LoopObservers, "news">;
  isStarted(): boolean;
}

/** Maximum number of models in one message, because the states of thousands would hold both event loops. */
const MODELS_AT_A_TIME = 250;

/**
 * Sends loops the state of the models: for each changed model its full state, once for all changes of a turn. The states
 * of many models are sent in several turns.
 */
export class NewsTeller {
  readonly #origin: NewsOrigin;
  readonly #loops: Iterable<Loop>;
  readonly #subscription: Subscription;
  /** The models that loops may know. */
  readonly #told = new Set<string>();
  readonly #changed = new Set<string>();
  #isReconfigured = false;
  #isDue = false;
  /** The last message to each loop. Loops apply messages in order. */
  #sent: readonly Promise<void>[] = [];

  constructor(origin: NewsOrigin, loops: Iterable<Loop>) {
    this.#origin = origin;
    this.#loops = loops;
    this.#subscription = origin.models.changes.subscribe((name) => this.changed(name));
  }

  /** Schedules the update of one model in this turn; without a name, of all models and their configuration. */
  changed(name?: string): void {
    if (name !== undefined) this.#changed.add(name);
    else {
      for (const known of this.#known()) this.#changed.add(known);
      this.#isReconfigured = true;
    }
    this.due();
  }

  /** Schedules an update in this turn; it always includes whether the server has started and serves. */
  due(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.#isDue && void this.told());
  }

  /** Resolves when every loop has received all changes until now. */
  async told(): Promise<void> {
    this.#tell();
    while (this.#isDue) {
      await turn();
      this.#tell();
    }
    await Promise.allSettled(this.#sent);
  }

  /** Sends the full state to one loop. */
  async tellAll({ channel }: Loop): Promise<void> {
    await channel.call("learn", this.#news([...this.#known()], true));
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
  }

  #tell(): void {
    const names = [...this.#changed].slice(0, MODELS_AT_A_TIME);
    for (const name of names) this.#changed.delete(name);
    const news = this.#news(names, this.#isReconfigured);
    this.#isReconfigured = false;
    this.#isDue = this.#changed.size > 0;
    this.#sent = [...this.#loops].map(({ channel }) => channel.call("learn", news));
    for (const sent of this.#sent) sent.catch(() => {}); // A loop that ended learns nothing.
  }

  #known(): Set<string> {
    const { models } = this.#origin;
    return new Set([...models.names(), ...models.states().map(({ id }) => id.name), ...this.#told]);
  }

  #news(names: readonly string[], isReconfigured: boolean): ManagerNews {
    const { models, isStarted } = this.#origin;
    return {
      isStarted: isStarted(),
      isServing: models.isServing(),
      configuration: isReconfigured ? this.#configuration() : undefined,
      models: names.map((name) => this.#newsOf(name)),
    };
  }

  #configuration(): ConfigurationNews {
    const { models, observers } = this.#origin;
    return {
      ...{ modelNames: models.names(), modelUris: models.uris() },
      observers: observers.news(),
    };
  }

  #newsOf(name: string): ManagerNews["models"][number] {
    const { models } = this.#origin;
    const labels = new Map(models.manager.labels(name));
    const states = models.states(name).map(threadState);
    const statesBeside = models.statesBeside(name).map(threadState);
    if (states.length + statesBeside.length + labels.size > 0) this.#told.add(name);
    else this.#told.delete(name);
    return { name, states, statesBeside, labels };
  }
}

const threadState = ({ error, ...state }: ServableState): ThreadState => ({
  ...state,
  ...(error && { error: writeError(error) }),
});
