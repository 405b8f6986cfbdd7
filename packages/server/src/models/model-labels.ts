import type { AspiredVersionsManager, VersionLabels } from "@serving-kit/core";
import type { ModelConfig } from "../config/model-config.js";

/** A model with its configured labels. */
type Labelled = Pick<ModelConfig, "name" | "labels">;

/** The labels of a server's models: those of their sources, overridden by the configured ones. */
export class ModelLabels {
  readonly #manager: Pick<AspiredVersionsManager<unknown>, "labels" | "setLabels">;
  readonly #ofSource: (name: string) => VersionLabels;
  /** The labels that were requested last, by model. */
  readonly #requested = new Map<string, VersionLabels>();

  constructor(
    manager: Pick<AspiredVersionsManager<unknown>, "labels" | "setLabels">,
    ofSource: (name: string) => VersionLabels,
  ) {
    this.#manager = manager;
    this.#ofSource = ofSource;
  }

  /** Sets all labels of a model. */
  set(model: Labelled): void {
    const before = this.#requested.get(model.name) ?? {};
    const all = this.#request(model);
    // The manager emits an event for each call, and most models have no labels.
    if (hasLabels(all) || hasLabels(before)) this.#manager.setLabels(model.name, all);
  }

  /** Sets the labels of a model that changed in its source, and keeps the others. */
  update(model: Labelled): void {
    const { name } = model;
    const before = this.#requested.get(name) ?? {};
    const states = this.#manager.labels(name);
    const next = Object.entries(this.#request(model)).flatMap(([label, version]) => {
      if (before[label] !== version) return [[label, version] as const];
      const { pending, version: current } = states.get(label) ?? {};
      const kept = pending ?? current;
      return kept === undefined ? [] : [[label, kept] as const];
    });
    this.#manager.setLabels(name, Object.fromEntries(next));
  }

  /** Removes the labels of a model that is no longer configured. */
  remove(name: string): void {
    const before = this.#requested.get(name) ?? {};
    this.#requested.delete(name);
    if (hasLabels(before)) this.#manager.setLabels(name, {});
  }

  #request({ name, labels }: Labelled): VersionLabels {
    const all = { ...this.#ofSource(name), ...labels };
    this.#requested.set(name, all);
    return all;
  }
}

const hasLabels = (labels: VersionLabels) => Object.keys(labels).length > 0;
