import { errors } from "./errors.js";
import { unload } from "./loader.js";
import type { Manager } from "./manager.js";
import type { Counted, ServableHandle } from "./servable-handle.js";
import type { ServableId } from "./servable-id.js";
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
  readonly #held: (Counted<S> & { idle(): Promise<void> })[] = [];
  #closing: Promise<void> | undefined;

  /**
   * Takes the servables, and labels by name.
   *
   * @throws RangeError when an id is given twice.
   */
  constructor(
    servables: Iterable<StaticServable<S>>,
    labels: Readonly<Record<string, VersionLabels>> = {},
  ) {
    for (const { id, servable } of servables) {
      if (this.#serving.has({ name: id.name, version: id.version })) {
        throw new RangeError(`version ${id.version} of servable "${id.name}" is given twice`);
      }
      const counted = count(id, servable);
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
    this.#closing ??= this.#close(options.signal);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(signal?: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal?.aborted) resolve();
      else signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    const failures: unknown[] = [];
    await Promise.all(
      this.#held.map(async (counted) => {
        await Promise.race([counted.idle(), aborted]);
        this.#serving.remove(counted.id);
        await unload(counted.servable).catch((error) => {
          failures.push(errors.unloadFailed(counted.id, error));
        });
      }),
    );
    if (failures.length > 0) throw errors.closeFailed(failures);
  }
}

function count<S>(id: ServableId, servable: S): Counted<S> & { idle(): Promise<void> } {
  let whenIdle: (() => void) | undefined;
  return {
    id,
    servable,
    handleCount: 0,
    onIdle: () => whenIdle?.(),
    idle() {
      if (this.handleCount === 0) return Promise.resolve();
      return new Promise((resolve) => {
        whenIdle = resolve;
      });
    },
  };
}
