import { Semaphore } from "./semaphore.js";

/**
 * Serializes calls to storage that may never return, such as a file server: each such call holds a thread of a pool
 * that the whole process shares.
 *
 * A source declares which storage its folders are on. Every read below these folders, by the source or by a load,
 * goes through `run`.
 *
 * - SG1 A declared storage has one call in progress at a time. Other calls wait in the order of arrival, and hold no
 *   thread.
 * - SG2 The storage of a path is the storage declared last for the path, or for its nearest declared parent folder.
 *   Calls for any other path start immediately.
 * - SG3 A waiting call rejects with the signal's reason if the signal aborts.
 */
export class StorageGates {
  readonly #gates = new Map<string, Semaphore>();
  readonly #folders = new Map<string, Semaphore[]>();

  /** Declares that a folder, by its absolute path, is on a storage. Disposing the result withdraws the declaration. */
  declare(folder: string, storage: string): Disposable {
    const gate = this.#gates.get(storage) ?? new Semaphore(1);
    this.#gates.set(storage, gate);
    const gates = this.#folders.get(folder) ?? [];
    this.#folders.set(folder, gates);
    gates.push(gate);
    let isDeclared = true;
    return {
      [Symbol.dispose]: () => {
        if (!isDeclared) return;
        isDeclared = false;
        gates.splice(gates.lastIndexOf(gate), 1);
        if (gates.length === 0) this.#folders.delete(folder);
      },
    };
  }

  /** Makes a call that accesses a path, and settles as the call does. */
  async run<T>(path: string, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const gate = this.#folders.size === 0 ? undefined : this.#gateOf(path);
    if (gate === undefined) return call();
    const place = gate.acquire(signal);
    if (place !== undefined) await place;
    try {
      return await call();
    } finally {
      gate.release();
    }
  }

  #gateOf(path: string): Semaphore | undefined {
    for (let folder = path; ; ) {
      const gate = this.#folders.get(folder)?.at(-1);
      if (gate !== undefined) return gate;
      const end = Math.max(folder.lastIndexOf("/"), folder.lastIndexOf("\\"));
      if (end <= 0) return this.#folders.get(folder.slice(0, end + 1))?.at(-1);
      folder = folder.slice(0, end);
    }
  }
}

/** The storage gates of this thread. */
export const storageGates = new StorageGates();
