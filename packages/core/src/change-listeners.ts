/** Listeners by key. Each is called after every change of its key until it is disposed. Internal. */
export class ChangeListeners {
  readonly #byKey = new Map<string, Set<() => void>>();

  add(key: string, callback: () => void): Disposable {
    let callbacks = this.#byKey.get(key);
    if (callbacks === undefined) {
      callbacks = new Set();
      this.#byKey.set(key, callbacks);
    }
    callbacks.add(callback);
    return { [Symbol.dispose]: () => this.#remove(key, callback) };
  }

  /** Calls the listeners of one key. */
  tell(key: string): void {
    for (const callback of this.#byKey.get(key) ?? []) callback();
  }

  /** Calls all listeners. */
  tellAll(): void {
    for (const key of [...this.#byKey.keys()]) this.tell(key);
  }

  #remove(key: string, callback: () => void): void {
    const callbacks = this.#byKey.get(key);
    callbacks?.delete(callback);
    if (callbacks?.size === 0) this.#byKey.delete(key);
  }
}
