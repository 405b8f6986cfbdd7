import { SessionHolders } from "./session-holders.js";

/** A token of a platform: an object that can be posted to other threads. */
interface Token {
  readonly platform: string;
}

/** A session for other threads of the process: a plain object, so that it can be posted to them. */
interface SessionToken<M> extends Token {
  /** The process in which the addresses are valid. */
  readonly process: number;
  /** The path of the open library. */
  readonly library: string;
  readonly model: M;
  readonly holders: SharedArrayBuffer;
  /** The number of threads that hold the session through this token. */
  readonly attached: SharedArrayBuffer;
}

/** A handle to a session, which other threads may hold too. */
export interface SessionHold {
  /** Prevents other threads from attaching from now on, if this is the loader's handle. */
  close(): void;
  /** Releases the handle. The loader's handle then frees the session; resolves when that is done. */
  release(): Promise<void>;
  /** Returns a token of the session for other threads. */
  share(): Token;
  /** Releases the session for the threads that attached a token and ended without releasing it. */
  unshare(token: Token): void;
}

/** A session that another thread has loaded. */
export interface AttachedSession<M> {
  /** The path of the open library. */
  readonly library: string;
  readonly model: M;
  readonly hold: SessionHold;
}

/** Releases the sessions that this thread has attached. A worker runs them when it exits. */
const releases = new Set<() => void>();

function releaseAll(): void {
  for (const release of releases) release();
}

/**
 * The sessions of a platform that the threads of a process share. `M` has the facts of a session's model, with the
 * address of the session.
 *
 * - J1 A token attaches any number of threads, in the process that made it.
 * - J2 The session is freed once its loader and all threads that attached it have released it.
 * - J3 Once the loader closes or releases, no thread can attach any more.
 * - J4 A worker that exits releases the sessions that it attached. `unshare` does so for a worker that was terminated;
 *   it is a no-op for threads that have released.
 */
export class SharedSessions<M> {
  readonly #platform: string;
  readonly #refuse: (problem: string) => Error;

  /** @param refuse Makes the error for a token that cannot be attached. */
  constructor(platform: string, refuse: (problem: string) => Error) {
    this.#platform = platform;
    this.#refuse = refuse;
  }

  /** Returns the handle of the thread that loaded a session. `free` is called once, when no thread holds it. */
  own(library: string, model: M, free: () => Promise<void>): SessionHold {
    const holders = new SessionHolders();
    return {
      ...this.#sharing(library, model, holders),
      close: () => holders.close(),
      async release() {
        await holders.releaseLast();
        await free();
      },
    };
  }

  /** Acquires a token's session. @throws an error of `refuse` unless it is open, of this platform and process. */
  attach(token: Token): AttachedSession<M> {
    const { process: owner, library, model, ...shared } = this.#checked(token);
    if (owner !== process.pid) throw this.#refuse(`it comes from process ${owner}`);
    const holders = new SessionHolders(shared.holders);
    if (!holders.take()) throw this.#refuse("its predictor is disposed");
    const attached = new Int32Array(shared.attached);
    Atomics.add(attached, 0, 1);
    const release = () => {
      if (!releases.delete(release)) return;
      Atomics.sub(attached, 0, 1);
      holders.release();
    };
    releases.add(release);
    if (!process.listeners("exit").includes(releaseAll)) process.once("exit", releaseAll);
    const hold = {
      ...this.#sharing(library, model, holders),
      close() {},
      release: async () => release(),
    };
    return { library, model, hold };
  }

  #sharing(library: string, model: M, holders: SessionHolders) {
    return {
      share: (): SessionToken<M> => ({
        ...{ platform: this.#platform, process: process.pid, library, model },
        holders: holders.memory,
        attached: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
      }),
      unshare: (token: Token) => {
        const { holders: memory, attached } = this.#checked(token);
        const lost = Atomics.exchange(new Int32Array(attached), 0, 0);
        const others = new SessionHolders(memory);
        for (let i = 0; i < lost; i++) others.release();
      },
    };
  }

  #checked(token: Token): SessionToken<M> {
    const { platform, holders } = (token ?? {}) as Partial<SessionToken<M>>;
    if (platform !== this.#platform || !(holders instanceof SharedArrayBuffer)) {
      throw this.#refuse("it is something else");
    }
    return token as SessionToken<M>;
  }
}
