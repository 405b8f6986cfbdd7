import { batch, batchingErrors, SharedSlots, type StartedBatch } from "@serving-kit/batching";
import {
  type Clock,
  type Counted,
  type Logger,
  type ServableId,
  type ServingMap,
  unload,
} from "@serving-kit/core";
import type { Platform, Predictor, SharedPredictor } from "@serving-kit/inference";
import { errors } from "../errors.js";
import { process } from "../models/processed-version.js";
import type { ModelProcessor } from "../plugins/model-processor.js";
import type { LoopMethods, MainMethods, ReplicaBatching, ReplicaOrigin } from "./loop-messages.js";
import { versionKey } from "./loop-messages.js";
import { RemotePredictor } from "./remote-predictor.js";
import type { ThreadChannel } from "./thread-channel.js";

/** The dependencies of a replica, from which it obtains predictors. */
export interface ReplicaContext {
  readonly platforms: readonly Platform[];
  /** Processes versions that the main thread processes too. */
  readonly processor: ModelProcessor | undefined;
  readonly main: ThreadChannel<LoopMethods, MainMethods>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Receives each batch that starts. */
  readonly onBatchStart: ((batch: StartedBatch) => void) | undefined;
}

/**
 * The versions that one loop can serve. The manager in the main thread decides which versions are added and removed.
 *
 * A version is attached, then published, then withdrawn. It can be acquired only while it is published. It is disposed
 * once it was withdrawn and no handle is held.
 */
export class Replica {
  readonly #context: ReplicaContext;
  readonly #serving: ServingMap<Predictor>;
  readonly #versions = new Map<string, Promise<Counted<Predictor>>>();
  readonly #pools = new Map<number, SharedSlots>();

  constructor(serving: ServingMap<Predictor>, context: ReplicaContext) {
    this.#serving = serving;
    this.#context = context;
  }

  /** Creates the predictor of a version. If the platform fails, rejects with its error and has no such version. */
  async attach(id: ServableId, origin: ReplicaOrigin): Promise<void> {
    const key = versionKey(id);
    const attached = this.#open(id, origin).then(
      (servable): Counted<Predictor> => ({ id, servable, handleCount: 0, onIdle: undefined }),
    );
    this.#versions.set(key, attached);
    try {
      await attached;
    } catch (error) {
      this.#versions.delete(key);
      throw error;
    }
  }

  /** Makes the version acquirable, unless it was withdrawn meanwhile. */
  async publish(id: ServableId): Promise<void> {
    const key = versionKey(id);
    const attached = this.#versions.get(key);
    const counted = await attached;
    if (counted && this.#versions.get(key) === attached) this.#serving.add(counted);
  }

  /** Makes the version unavailable. Resolves when it is no longer held and is disposed. */
  async withdraw(id: ServableId): Promise<void> {
    const key = versionKey(id);
    const attached = this.#versions.get(key);
    if (attached === undefined) return;
    this.#versions.delete(key);
    const counted = await attached.catch(() => undefined);
    if (counted === undefined) return;
    this.#serving.remove(id);
    if (counted.handleCount > 0) {
      await new Promise<void>((resolve) => {
        counted.onIdle = resolve;
      });
    }
    await unload(counted.servable);
  }

  async #open(id: ServableId, origin: ReplicaOrigin): Promise<Predictor> {
    const { main, clock } = this.#context;
    const predictor =
      origin.kind === "remote"
        ? new RemotePredictor(id, origin, main, clock)
        : await this.#attach(id, origin.predictor);
    const processed = await this.#process(id, origin, predictor);
    return origin.batching ? this.#batch(processed, origin.batching) : processed;
  }

  async #process(
    id: ServableId,
    { processed }: ReplicaOrigin,
    predictor: Predictor,
  ): Promise<Predictor> {
    const { processor, clock } = this.#context;
    if (processed === undefined || processor === undefined) return predictor;
    try {
      return await process(predictor, processor, processed, id, clock);
    } catch (error) {
      await unload(predictor);
      throw error;
    }
  }

  async #attach(id: ServableId, shared: SharedPredictor): Promise<Predictor> {
    const { platform: name } = shared;
    const platform = this.#context.platforms.find(({ platformName }) => platformName === name);
    if (platform?.attach === undefined) throw errors.platformNotShared(name);
    const { clock, logger } = this.#context;
    return platform.attach(shared, { clock, logger, id });
  }

  #batch(predictor: Predictor, batching: ReplicaBatching): Predictor {
    const { options, hasRunTimeout, pool, slots: count } = batching;
    let slots = this.#pools.get(pool);
    if (slots === undefined) {
      slots = new SharedSlots({ ...(count !== undefined && { slots: count }) });
      this.#pools.set(pool, slots);
    }
    const { onBatchStart } = this.#context;
    const expiredError = hasRunTimeout && { expiredError: batchingErrors.runTimeoutExceeded };
    return batch(predictor, { ...options, ...expiredError, slots, onBatchStart });
  }
}
