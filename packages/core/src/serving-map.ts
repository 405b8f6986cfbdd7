import { errors } from "./errors.js";
import { type Counted, ServableHandle } from "./servable-handle.js";
import { type ServableId, toVersion, type Version } from "./servable-id.js";
import type { ServableRequest, VersionLabels } from "./servable-request.js";

/**
 * Where a label points.
 *
 * A label takes a new version only when that version is available. Until then it stays where it
 * was, and the new version is `pending`.
 */
export interface LabelState {
  /** The version the label stands for now; absent until it first points at an available one. */
  readonly version?: Version;
  /** The version it will stand for as soon as that is available. */
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
 * What can be acquired now, by name and version, with the labels: the read side that managers share,
 * for the author of another.
 */
export class ServingMap<S> {
  readonly #byName = new Map<string, ServingVersions<S>>();
  /** The latest version by name once more: what almost every request asks for, one step nearer. */
  readonly #latest = new Map<string, Counted<S>>();

  /** Takes a hold on what the request names. Contract: `Manager.acquire`. */
  acquire(request: ServableRequest): ServableHandle<S> {
    const isLatest = request.version === undefined && request.label === undefined;
    const counted = isLatest
      ? this.#latest.get(request.name)
      : this.#select(this.#byName.get(request.name), request);
    if (counted === undefined) throw errors.servableNotFound(request);
    return new ServableHandle(counted);
  }

  /** Whether `acquire` would succeed. */
  has(request: ServableRequest): boolean {
    const versions = this.#byName.get(request.name);
    if (request.label !== undefined && !versions?.labels.has(request.label)) return false;
    return this.#select(versions, request) !== undefined;
  }

  /** From now on the version can be acquired, and labels that wait for it point at it. */
  add(counted: Counted<S>): void {
    const versions = this.#versionsOf(counted.id.name);
    versions.byVersion.set(counted.id.version, counted);
    this.#update(counted.id.name, versions);
  }

  /** From now on the version cannot be acquired. Handles that are held stay valid. */
  remove({ name, version }: ServableId): void {
    const versions = this.#byName.get(name);
    if (versions === undefined) return;
    versions.byVersion.delete(version);
    this.#update(name, versions);
  }

  /** The ids of all versions that can be acquired. */
  list(): ServableId[] {
    const ids: ServableId[] = [];
    for (const { byVersion } of this.#byName.values()) {
      for (const { id } of byVersion.values()) ids.push(id);
    }
    return ids;
  }

  /** Replaces all labels of a servable. A label that is kept stays in force until it can move. */
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

  /** The labels of a servable and where they point. */
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
