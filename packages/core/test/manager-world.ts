import {
  type AspiredVersion,
  type AspiredVersions,
  AspiredVersionsManager,
  type AspiredVersionsManagerOptions,
  aspire,
  type Loader,
  type ManagerEvent,
  type ServableState,
  ServingError,
  servableId,
} from "@serving-kit/core";
import { FakeClock, FakeLoader, type FakeServable, turn } from "@serving-kit/testing";
import { Subject } from "rxjs";

/** The data of an aspired version: a loader, or an error instead. */
export type Origin = Loader<FakeServable> | ServingError;

/** A manager that stands on a FakeClock, with a source that the test speaks through. */
export class ManagerWorld {
  readonly clock = new FakeClock();
  readonly lists = new Subject<AspiredVersions<Loader<FakeServable>>>();
  readonly events: ManagerEvent[] = [];
  readonly manager: AspiredVersionsManager<FakeServable>;

  constructor(options: AspiredVersionsManagerOptions<FakeServable> = {}) {
    this.manager = new AspiredVersionsManager({ clock: this.clock, ...options });
    this.manager.events.subscribe((event) => this.events.push(event));
    this.manager.connect(this.lists);
  }

  /** Emits a list, and lets what it causes happen. */
  async aspire(versions: Readonly<Record<number, Origin>>, name = "m"): Promise<void> {
    this.emit(versions, name);
    await turn();
  }

  emit(versions: Readonly<Record<number, Origin>>, name = "m"): void {
    this.lists.next({ name, versions: aspiredFrom(versions, name) });
  }

  /** The states of the versions of a name, newest first: `["2 loading (retry)", "1 available"]`. */
  states(name = "m"): string[] {
    return this.manager.states(name).map(brief);
  }

  /** The states that were told of one version: `["start", "loading", "available"]`. */
  told(version: number, name = "m"): string[] {
    return this.events.flatMap((event) =>
      event.kind === "state" && event.id.name === name && event.id.version === BigInt(version)
        ? [brief(event).replace(/^\d+ /, "")]
        : [],
    );
  }

  /** The versions that can be acquired, in ascending order. */
  available(name = "m"): number[] {
    return this.manager
      .listAvailable()
      .filter((id) => id.name === name)
      .map(({ version }) => Number(version))
      .sort((a, b) => a - b);
  }
}

/** A new FakeLoader for each number. */
export function loaders<N extends number>(...versions: N[]): Record<N, FakeLoader> {
  return Object.fromEntries(versions.map((v) => [v, new FakeLoader()])) as Record<N, FakeLoader>;
}

export const broken = (message = "broken") => new ServingError("DATA_LOSS", "BROKEN", message);

export function id(version: number, name = "m") {
  return servableId(name, version);
}

function aspiredFrom(versions: Readonly<Record<number, Origin>>, name: string) {
  return Object.entries(versions).map(([version, origin]): AspiredVersion<Loader<FakeServable>> => {
    const id = servableId(name, BigInt(version));
    return origin instanceof ServingError ? { id, error: origin } : aspire(id, origin);
  });
}

function brief({ id, state, waitingFor, error }: ServableState): string {
  const waiting = waitingFor ? ` (${waitingFor})` : "";
  return `${id.version} ${state}${waiting}${error && state === "end" ? `: ${error.reason}` : ""}`;
}

/** Makes managers that load and unload so many versions at once. */
export const worldsOf =
  (concurrency: number) =>
  (options: AspiredVersionsManagerOptions<FakeServable> = {}): ManagerWorld =>
    new ManagerWorld({
      loadConcurrency: concurrency,
      initialLoadConcurrency: concurrency,
      unloadConcurrency: concurrency,
      ...options,
    });
