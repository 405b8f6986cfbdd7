import { errors } from "./errors.js";
import { type Counted, ServableHandle } from "./servable-handle.js";
import { type ServableId, toVersion, type Version } from "./servable-id.js";
import type { ServableRequest, VersionLabels } from "./servable-request.js";

/**
 * The version that a label points to.
 *
 * A label moves to a new version only when that version is available. Until then it keeps its current version, and
 * the new version is `pending`.
 */
export interface LabelState {
  /** The version that the label refers to now; absent until it first refers to an available version. */
  readonly version?: Version;
  /** The version that the label will refer to as soon as that version is available. */
  readonly pending?: Version;
}

/** The versions of one servable that can be acquired. */
class ServingVersions<S> {
  latest: Counted<S> | undefined;
  readonly byVersion = new Map<Version, Counted<S>>();
  readonly labels = new Map<string, LabelState>();

  update(): void {
    this.latest = undefined;
    for (const counted of this.byVersion.values()) {
      const { version } = counted.id;
      if (this.latest === undefined || version > this.latest.id.version) this.latest = counted;
    }
    for (const [label, { pending }] of this.labels) {
      if (pending !== undefined && this.byVersion.has(pending)) {
        this.labels.set(label, { version: pending });
      }
    }
  }
}

/**
 * The versions that can be acquired now, by name, with their labels: the read side that all managers share, also for
 * custom managers.
 */
export class ServingMap<S> {
  readonly #byName = new Map<string, ServingVersions<S>>();
  /** The latest version by name, as a shortcut: almost every request is for the latest version. */
  readonly #latest = new Map<string, Counted<S>>();

  /** Returns a handle to the requested version. Contract: `Manager.acquire`. */
  acquire(request: ServableRequest): ServableHandle<S> {
    const isLatest = request.version === undefined && request.label === undefined;
    const counted = isLatest
      ? this.#latest.get(request.name)
      : this.#select(this.#byName.get(request.name), request);
    if (counted === undefined) throw errors.servableNotFound(request);
    return new ServableHandle(counted);
  }

  /** Returns whether `acquire` would succeed. */
  has(request: ServableRequest): boolean {
    const versions = this.#byName.get(request.name);
    if (request.label !== undefined && !versions?.labels.has(request.label)) return false;
    return this.#select(versions, request) !== undefined;
  }

  /** Makes the version available to `acquire`, and moves pending labels to it. */
  add(counted: Counted<S>): void {
    const versions = this.#versionsOf(counted.id.name);
    versions.byVersion.set(counted.id.version, counted);
    this.#update(counted.id.name, versions);
  }

  /** Removes the version from `acquire`. Handles that are held stay valid. */
  remove({ name, version }: ServableId): void {
    const versions = this.#byName.get(name);
    if (versions === undefined) return;
    versions.byVersion.delete(version);
    this.#update(name, versions);
  }

  /** Returns the ids of all versions that can be acquired. */
  list(): ServableId[] {
    const ids: ServableId[] = [];
    for (const { byVersion } of this.#byName.values()) {
      for (const { id } of byVersion.values()) ids.push(id);
    }
    return ids;
  }

  /** Replaces all labels of a servable. A label that is kept refers to its current version until it can move. */
  setLabels(name: string, labels: VersionLabels): void {
    const targets = Object.entries(labels).map(
      ([label, target]) => [label, toVersion(target)] as const,
    );
    const versions = this.#versionsOf(name);
    const before = new Map(versions.labels);
    versions.labels.clear();
    for (const [label, pending] of targets) {
      const version = before.get(label)?.version;
      versions.labels.set(label, version === undefined ? { pending } : { version, pending });
    }
    this.#update(name, versions);
  }

  /** Returns the labels of a servable and the versions that they point to. */
  labels(name: string): ReadonlyMap<string, LabelState> {
    return this.#byName.get(name)?.labels ?? new Map();
  }

  #select(
    versions: ServingVersions<S> | undefined,
    request: ServableRequest,
  ): Counted<S> | undefined {
    if (request.version !== undefined) return versions?.byVersion.get(BigInt(request.version));
    if (request.label !== undefined) {
      const label = versions?.labels.get(request.label);
      if (label === undefined) throw errors.labelNotFound(request.name, request.label);
      return label.version === undefined ? undefined : versions?.byVersion.get(label.version);
    }
    return versions?.latest;
  }

  #versionsOf(name: string): ServingVersions<S> {
    let versions = this.#byName.get(name);
    if (versions === undefined) {
      versions = new ServingVersions();
      this.#byName.set(name, versions);
    }
    return versions;
  }

  #update(name: string, versions: ServingVersions<S>): void {
    versions.update();
    if (versions.latest === undefined) this.#latest.delete(name);
    else this.#latest.set(name, versions.latest);
    if (versions.byVersion.size === 0 && versions.labels.size === 0) this.#byName.delete(name);
  }
}
