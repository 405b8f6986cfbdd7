import { runToEnd, type Steps } from "@serving-kit/core";
import type { ModelOutcome } from "../config/model-outcome.js";

/**
 * The outcomes of several models that a caller waits for. Reads a model again only if it has changed, so the cost of
 * waiting is linear in the number of models and of changes.
 */
export class SettledModels {
  readonly #all: readonly string[];
  readonly #outcomeOf: (name: string) => ModelOutcome | undefined;
  readonly #outcomes = new Map<string, ModelOutcome>();
  /** The names that were read at least once, in order. */
  readonly #names = new Set<string>();
  readonly #changed = new Set<string>();
  #next = 0;

  /** @param outcomeOf Returns undefined while a model has not settled. */
  constructor(names: readonly string[], outcomeOf: (name: string) => ModelOutcome | undefined) {
    this.#all = names;
    this.#outcomeOf = outcomeOf;
  }

  /** Marks a model as changed; without a name, all models. Those that `read` has not reached yet are read anyway. */
  changed(name?: string): void {
    for (const one of name === undefined ? this.#names : [name]) {
      if (this.#names.has(one)) this.#changed.add(one);
    }
  }

  /** Reads the outcomes of the models that have changed, in steps. */
  *read(): Steps<void> {
    while (this.#next < this.#all.length) {
      const name = this.#all[this.#next++] as string;
      this.#names.add(name);
      this.#read(name);
      yield;
    }
    for (const name of this.#changed) {
      this.#changed.delete(name);
      this.#read(name);
      yield;
    }
  }

  #read(name: string): void {
    const outcome = this.#outcomeOf(name);
    if (outcome === undefined) this.#outcomes.delete(name);
    else this.#outcomes.set(name, outcome);
  }

  /** The outcomes in the order of the names; undefined while a model has not settled. */
  outcomes(): ModelOutcome[] | undefined {
    runToEnd(this.read());
    if (this.#outcomes.size < this.#names.size) return undefined;
    return Array.from(this.#names, (name) => this.#outcomes.get(name) as ModelOutcome);
  }
}
