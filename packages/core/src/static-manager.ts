import { onAbort } from "./abort.js";
import { errors } from "./errors.js";
import { unload } from "./loader.js";
import type { Manager } from "./manager.js";
import type { Counted, ServableHandle } from "./servable-handle.js";
import { formatServableId, type ServableId } from "./servable-id.js";
import type { ServableRequest, VersionLabels } from "./servable-request.js";
import { ServingMap } from "./serving-map.js";

/** A servable that exists already, with its id. */
export interface StaticServable<S> {
  readonly id: ServableId;
  readonly servable: S;
}

/**
 * The manager of servables that exist already and never change: for tests, and for an app that has
 * its one model in hand.
 *
 * It owns what it is given: `close` disposes every servable once its handles are released.
 */
export class StaticManager<S> implements Manager<S> {
  readonly #serving = new ServingMap<S>();
  readonly #held: Counted<S>[] = [];
  #closing: Promise<void> | undefined;

  /**
   * Takes the servables, and labels by name.
   *
   * @throws TypeError when a servable is null or undefined, RangeError when an id is given twice.
   */
  constructor(
    servables: Iterable<StaticServable<S>>,
    labels: Readonly<Record<string, VersionLabels>> = {},
  ) {
    for (const { id, servable } of servables) {
      if (this.#serving.has({ name: id.name, version: id.version })) {
        throw new RangeError(`version ${id.version} of servable "${id.name}" is given twice`);
      }
      if (servable === null || servable === undefined) {
        throw new TypeError(`the servable of ${formatServableId(id)} must not be ${servable}`);
      }
      const counted: Counted<S> = { id, servable, handleCount: 0, onIdle: undefined };
      this.#held.push(counted);
      this.#serving.add(counted);
    }
    for (const [name, versions] of Object.entries(labels)) this.#serving.setLabels(name, versions);
  }

  acquire(request: ServableRequest): ServableHandle<S> {
    if (this.#closing !== undefined) throw errors.managerClosed();
    return this.#serving.acquire(request);
  }

  listAvailable(): ServableId[] {
    return this.#serving.list();
  }

  close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#closing ??= this.#close();
    const abandon = () => {
      for (const counted of this.#held) counted.onIdle?.();
    };
    onAbort(options.signal, abandon, this.#closing);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    const close = async (counted: Counted<S>) => {
      if (counted.handleCount > 0) {
        await new Promise<void>((resolve) => {
          counted.onIdle = resolve;
        });
      }
      this.#serving.remove(counted.id);
      try {
        await unload(counted.servable);
      } catch (error) {
        failures.push(errors.unloadFailed(counted.id, error));
      }
    };
    // What follows runs when #closing is set, so that nothing is acquired any more.
    await Promise.resolve();
    await Promise.all(this.#held.map(close));
    if (failures.length > 0) throw errors.closeFailed(failures);
  }
}
