import {
  type AspiredVersions,
  AspiredVersionsManager,
  aspire,
  type Loader,
  type ManagerEvent,
  servableId,
} from "@serving-kit/core";
import { Subject } from "rxjs";

/** The servable: as small as possible, so that the bench measures the manager. */
export interface Answer {
  readonly answer: number;
}

const loader: Loader<Answer> = { load: async () => ({ answer: 42 }) };

/** A manager of servables whose loaders do nothing, and whose versions can be swapped one by one. */
export class SwappingManager {
  readonly manager = new AspiredVersionsManager<Answer>();
  readonly names: readonly string[];
  /** The number of states that have been emitted so far. */
  told = 0;
  readonly #lists = new Subject<AspiredVersions<Loader<Answer>>>();
  readonly #versions: number[];
  #awaited: { readonly name: string; readonly resolve: () => void } | undefined;

  constructor(names: readonly string[]) {
    this.names = names;
    this.#versions = names.map(() => 0);
    this.manager.connect(this.#lists);
    this.manager.events.subscribe((event) => this.#see(event));
  }

  /** Loads the first versions of all names: one, or as many as told. */
  async fill(versionsPerName = 1): Promise<void> {
    const last = this.names.map((name) => this.manager.available({ name }));
    for (const [i, name] of this.names.entries()) {
      const versions = Array.from({ length: versionsPerName }, (_, v) => v + 1);
      this.#versions[i] = versionsPerName;
      this.#emit(name, versions);
    }
    await Promise.all(last);
    for (const name of this.names) {
      for (let version = 1; version <= versionsPerName; version++) {
        await this.manager.available({ name, version });
      }
    }
  }

  /** Begins to replace the version of one name by the next; resolves when the old one has ended. */
  swap(i: number): Promise<void> {
    const name = this.names[i] as string;
    const version = (this.#versions[i] as number) + 1;
    this.#versions[i] = version;
    const swapped = new Promise<void>((resolve) => {
      this.#awaited = { name, resolve };
    });
    this.#emit(name, [version]);
    return swapped;
  }

  #emit(name: string, versions: readonly number[]): void {
    this.#lists.next({ name, versions: versions.map((v) => aspire(servableId(name, v), loader)) });
  }

  #see(event: ManagerEvent): void {
    if (event.kind !== "state") return;
    this.told++;
    if (event.state === "end" && event.id.name === this.#awaited?.name) this.#awaited.resolve();
  }
}
