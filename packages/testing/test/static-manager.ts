import {
  type Counted,
  type Manager,
  type ServableHandle,
  type ServableId,
  type ServableRequest,
  ServingError,
  ServingMap,
  unload,
} from "@serving-kit/core";

/** A manager of one servable that exists already: the smallest that keeps the contract of `Manager`. */
export class StaticManager<S> implements Manager<S> {
  readonly #serving = new ServingMap<S>();
  readonly #only: Counted<S>;
  #closing: Promise<void> | undefined;

  constructor(id: ServableId, servable: S) {
    this.#only = { id, servable, handleCount: 0, onIdle: undefined };
    this.#serving.add(this.#only);
  }

  acquire(request: ServableRequest): ServableHandle<S> {
    if (this.#closing !== undefined)
      throw new ServingError("UNAVAILABLE", "MANAGER_CLOSED", "it is closed");
    return this.#serving.acquire(request);
  }

  listAvailable(): ServableId[] {
    return this.#serving.list();
  }

  close({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#closing ??= this.#close();
    const abandon = () => this.#only.onIdle?.();
    if (signal?.aborted) void Promise.resolve().then(abandon);
    signal?.addEventListener("abort", abandon, { once: true });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#only.handleCount > 0) {
      await new Promise<void>((resolve) => {
        this.#only.onIdle = resolve;
      });
    }
    this.#serving.remove(this.#only.id);
    await unload(this.#only.servable);
  }
}
