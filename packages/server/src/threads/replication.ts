import {
  type AspiredVersionsManager,
  type Loader,
  mapVersions,
  type ServableId,
  type SourceAdapter,
  unload,
  wrapLoader,
} from "@serving-kit/core";
import { inferenceErrors, type Predictor } from "@serving-kit/inference";
import type { Loop } from "./loop.js";
import type { ReplicaOrigin } from "./loop-messages.js";
import { versionKey } from "./loop-messages.js";
import type { Loops } from "./loops.js";
import { ReplicaOrigins } from "./replica-origin.js";

/** A version that loops have, or are about to have. */
interface ReplicatedVersion {
  readonly id: ServableId;
  readonly predictor: Predictor;
  /** Runs calls of loops. */
  readonly remote: Predictor;
  /** Returns the origin for one loop: each loop gets its own token. */
  readonly origin: () => ReplicaOrigin;
  isPublished: boolean;
  withdrawn: Promise<void> | undefined;
}

/**
 * Distributes the versions of one manager to all loops.
 *
 * - T1 A version becomes available in the manager once every loop can serve it. No loop serves it before every loop has
 *   attached it.
 * - T2 Each loop holds a handle of the version, and releases it when no request there uses the version. The manager
 *   unloads a version once no loop holds it.
 * - T3 A failure in one loop fails the version in all loops.
 * - T4 A loop that replaces another has all versions before it serves requests.
 */
export class Replication {
  readonly #loops: Loops;
  readonly #versions = new Map<string, ReplicatedVersion>();
  #origins = new ReplicaOrigins([]);
  #manager: Pick<AspiredVersionsManager<Predictor>, "acquire"> | undefined;

  constructor(loops: Loops) {
    this.#loops = loops;
  }

  /** Sets the names of the platforms that loops can attach. Default none. */
  canAttach(platforms: readonly string[]): void {
    this.#origins = new ReplicaOrigins(platforms);
  }

  /** Connects the loops between the loaders and a manager: a load ends once every loop has the version. */
  readonly adapter: SourceAdapter<Loader<Predictor>, Loader<Predictor>> = (source) =>
    mapVersions<Loader<Predictor>, Loader<Predictor>>((loader) =>
      wrapLoader(loader, async (context) => {
        const predictor = await loader.load(context);
        try {
          return await this.#replicate(context.id, predictor);
        } catch (error) {
          await unload(predictor);
          throw error;
        }
      }),
    )(source);

  /** Follows the manager of the versions. Call it once, before the first version is loaded. */
  follow(manager: AspiredVersionsManager<Predictor>): void {
    this.#manager = manager;
    manager.events.subscribe((event) => {
      if (event.kind !== "state") return;
      const version = this.#versions.get(versionKey(event.id));
      if (version === undefined) return;
      if (event.state === "available") for (const loop of this.#loops) this.#hold(loop, version);
      // The manager reports a failure when it disposes the version.
      if (event.state === "unloading") this.#withdraw(version).catch(() => {});
    });
  }

  /**
   * Returns the predictor for calls that loops forward to the main thread. Throws PREDICTOR_CLOSED
   * (FAILED_PRECONDITION).
   */
  remote(id: ServableId): Predictor {
    const version = this.#versions.get(versionKey(id));
    if (version === undefined) throw inferenceErrors.predictorClosed();
    return version.remote;
  }

  /** Attaches all versions to a new loop. */
  async join(loop: Loop): Promise<void> {
    const staying = [...this.#versions.values()].filter(({ withdrawn }) => withdrawn === undefined);
    await Promise.all(
      staying.map(async (version) => {
        await this.#attach(loop, version);
        if (!version.isPublished || version.withdrawn !== undefined) return;
        await loop.publish(version.id);
        this.#hold(loop, version);
      }),
    );
  }

  async #replicate(id: ServableId, predictor: Predictor): Promise<Predictor> {
    const { origin, remote } = this.#origins.of(predictor);
    const version: ReplicatedVersion = {
      ...{ id, predictor, remote, origin },
      ...{ isPublished: false, withdrawn: undefined },
    };
    this.#versions.set(versionKey(id), version);
    try {
      await this.#loops.each((loop) => this.#attach(loop, version));
      version.isPublished = true;
      await this.#loops.each(async (loop) => {
        await this.#attach(loop, version);
        await loop.publish(id);
      });
    } catch (error) {
      // The original error is the one that matters.
      await this.#withdraw(version).catch(() => {});
      throw error;
    }
    return disposedBy(predictor, () => this.#dispose(version));
  }

  #attach(loop: Loop, { id, origin, predictor }: ReplicatedVersion): Promise<void> {
    return loop.attach(id, origin, (own) => {
      if (own.kind === "shared") predictor.unshare?.(own.predictor);
    });
  }

  /** The loop has the version: it holds a handle, unless the version is no longer available. */
  #hold(loop: Loop, { id, withdrawn }: ReplicatedVersion): void {
    if (withdrawn !== undefined) return;
    try {
      if (this.#manager) loop.hold(this.#manager.acquire(id));
    } catch {
      // Not yet available, or the manager is closing: it disposes the version, and that waits for the loops.
    }
  }

  #withdraw(version: ReplicatedVersion): Promise<void> {
    version.withdrawn ??= this.#withdrawn(version.id);
    return version.withdrawn;
  }

  async #withdrawn(id: ServableId): Promise<void> {
    const loops = [...this.#loops];
    const outcomes = await Promise.allSettled(loops.map((loop) => loop.withdraw(id)));
    this.#versions.delete(versionKey(id));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  async #dispose(version: ReplicatedVersion): Promise<void> {
    try {
      await this.#withdraw(version);
    } finally {
      await unload(version.predictor);
    }
  }
}

/** The predictor with all its members, except for its disposal. */
function disposedBy(predictor: Predictor, dispose: () => Promise<void>): Predictor {
  let disposed: Promise<void> | undefined;
  return new Proxy({} as Predictor, {
    has: (_target, key) => key in predictor,
    get(_target, key) {
      if (key === Symbol.asyncDispose) {
        return () => {
          disposed ??= dispose();
          return disposed;
        };
      }
      const value: unknown = Reflect.get(predictor, key, predictor);
      return typeof value === "function" ? value.bind(predictor) : value;
    },
  });
}
