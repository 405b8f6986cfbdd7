import { Semaphore } from "./semaphore.js";

/**
 * Lets calls to storage through that may never return, such as those to a file server: each holds a thread of a pool that
 * the whole process shares.
 *
 * A source declares which storage its folders are on. All that reads below these folders, looks of sources and loads
 * alike, calls through `run`.
 *
 * - SG1 A storage that is declared has one call in progress at a time, until it returns. The others wait in the order
 *   of arrival, and hold no thread.
 * - SG2 The storage of a path is the one that was declared last for it, or for the nearest folder above it. Calls for any
 *   other path start immediately.
 * - SG3 A call that waits rejects with the signal's reason if it aborts.
 */
export class StorageGates {
  readonly #gates = new Map<string, Semaphore>();
  readonly #folders = new Map<string, Semaphore[]>();

  /** Declares that a folder is on a storage, by the folder's absolute path. Disposing it withdraws that. */
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

  /** Makes a call that concerns a path, and settles as the call does. */
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

/** The gates of this thread's storage. */
export const storageGates = new StorageGates();
