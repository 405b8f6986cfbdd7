import {
  type AspiredVersions,
  type ModelSource,
  type SourceProvider,
  type SourceServable,
  type StoragePath,
  servableId,
} from "@serving-kit/core";
import type { Subscriber } from "rxjs";
import { Observable } from "rxjs/internal/Observable";
import { NEVER } from "rxjs/internal/observable/never";

/** The scheme of the base paths of models that are defined in the program and have no files. */
const SCHEME = "defined";

/** Returns the base path of a model that has no files. */
export const definedPath = (name: string): string => `${SCHEME}://${encodeURIComponent(name)}`;

/** Returns whether a base path belongs to a model that has no files. */
export const isDefinedPath = (basePath: string): boolean => basePath.startsWith(`${SCHEME}://`);

/** Provides version 1 of each model that is defined in the program. */
export const definedModels: SourceProvider = {
  schemes: [SCHEME],
  create: ({ servables }) => new DefinedModels(servables),
};

class DefinedModels extends Observable<AspiredVersions<StoragePath>> implements ModelSource {
  readonly events = NEVER;
  #names: ReadonlySet<string>;
  readonly #subscribers = new Set<Subscriber<AspiredVersions<StoragePath>>>();

  constructor(servables: readonly SourceServable[]) {
    super((subscriber) => {
      this.#subscribers.add(subscriber);
      for (const name of this.#names) subscriber.next(versionOf(name));
      return () => this.#subscribers.delete(subscriber);
    });
    this.#names = namesOf(servables);
  }

  reconfigure(servables: readonly SourceServable[]): void {
    const before = this.#names;
    this.#names = namesOf(servables);
    for (const subscriber of this.#subscribers) {
      for (const name of before) {
        if (!this.#names.has(name)) subscriber.next({ name, versions: [] });
      }
      for (const name of this.#names) if (!before.has(name)) subscriber.next(versionOf(name));
    }
  }

  async poll(): Promise<void> {}

  problems(): [] {
    return [];
  }
}

const namesOf = (servables: readonly SourceServable[]) =>
  new Set(servables.map(({ name }) => name));

const versionOf = (name: string): AspiredVersions<StoragePath> => ({
  name,
  versions: [{ id: servableId(name, 1), data: { path: "" } }],
});
