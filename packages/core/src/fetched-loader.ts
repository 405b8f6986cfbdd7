import { type Completeness, checkCompleteness } from "./completeness.js";
import { errors } from "./errors.js";
import { type LoadContext, type Loader, unload } from "./loader.js";
import type { LocalLease, RemotePath } from "./remote-path.js";
import type { Resources } from "./resources.js";
import { settleBy } from "./settle-by.js";
import type { StoragePath } from "./storage-path.js";

/** The parts of a platform that `fetchedLoader` needs in addition to the loader of local files. */
export interface FetchedLoaderOptions {
  /** Returns whether the fetched files are complete, by the platform's rule. Default: they always are. */
  readonly isComplete?: ((path: string) => Promise<Completeness>) | undefined;
  /**
   * Returns an upper bound of the resources of the servable from `RemotePath.sizeBytes`. Called before the files are
   * fetched.
   */
  estimate(sizeBytes: number | undefined): Promise<Resources>;
}

/**
 * Makes the loader of a version whose files must be fetched first: it fetches them, checks that they are complete,
 * and loads them by the loader that `make` makes of their local path.
 *
 * Guarantees, in addition to those of `Loader` (L1 to L8):
 * - D1 Each `load` fetches again, in `load` itself, so a retry sees the current state of the storage.
 * - D2 The files are checked by `isComplete` before the inner loader is made. Incomplete files fail the load with
 *   UNAVAILABLE / VERSION_INCOMPLETE. The inner loader receives the findings of the check in `StoragePath.found`.
 * - D3 The probe of the inner loader runs in `load`, before its `load`; if it rejects, the load fails and may be
 *   retried.
 * - D4 The lease is disposed after the servable was disposed. If the load fails or is aborted, the lease is disposed
 *   before `load` rejects, or as soon as a `fetch` that ignores its signal resolves.
 * - D5 If the signal aborts, `load` rejects with the signal's reason, regardless of the error of `fetch` or the inner
 *   loader. An inner load that has started is awaited first.
 * - D6 `estimateResources` returns `estimate` of the remote size until a load has succeeded, and after that at most
 *   the estimate of the inner loader. A version without a size reserves nothing.
 * - D7 Only the time without progress of a fetch is limited, not its duration: progress of the fetch is progress of
 *   the load.
 *
 * @throws ServingError UNAVAILABLE / FETCH_FAILED if `fetch` rejects with another error than a ServingError.
 */
export function fetchedLoader<S>(
  remote: RemotePath,
  make: (local: StoragePath) => Loader<S>,
  options: FetchedLoaderOptions,
): Loader<S> {
  let loaded: Loader<S> | undefined;
  return {
    async estimateResources() {
      const bound = await options.estimate(remote.sizeBytes);
      if (loaded === undefined) return bound;
      return atMost(bound, (await loaded.estimateResources?.()) ?? {});
    },
    async load(context) {
      const lease = await fetchFiles(remote, context);
      try {
        const loader = make(await checkFiles(lease, remote.uri, context, options));
        await loader.probe?.(context);
        context.signal.throwIfAborted();
        const servable = await loader.load(context);
        loaded = loader;
        return releasing(servable, lease);
      } catch (error) {
        await lease[Symbol.asyncDispose]();
        context.signal.throwIfAborted();
        throw error;
      }
    },
  };
}

/** Fetches, or rejects with the signal's reason. A lease that arrives later is disposed. */
async function fetchFiles(
  remote: RemotePath,
  { signal, progressed }: LoadContext,
): Promise<LocalLease> {
  signal.throwIfAborted();
  const fetching = (async () => remote.fetch(signal, progressed))();
  try {
    return await settleBy(fetching, { signal });
  } catch (error) {
    if (!signal.aborted) throw errors.fetchFailed(remote.uri, error);
    // The load has ended, so the provider must report a failed disposal of its lease.
    fetching.then((late) => late[Symbol.asyncDispose]()).catch(() => {});
    throw signal.reason;
  }
}

async function checkFiles(
  { path, sizeBytes }: LocalLease,
  uri: string,
  { id, signal }: LoadContext,
  { isComplete }: FetchedLoaderOptions,
): Promise<StoragePath> {
  const answer = await isComplete?.(path);
  signal.throwIfAborted();
  if (answer === undefined) return { path, sizeBytes };
  checkCompleteness(answer);
  if (!answer.isComplete) throw errors.versionIncomplete(id, uri, answer.problem, answer.remedy);
  return { path, sizeBytes, ...(answer.found !== undefined && { found: answer.found }) };
}

/** Returns the servable, whose disposal then disposes the lease as well. */
function releasing<S>(servable: S, lease: LocalLease): S {
  if (servable === null || (typeof servable !== "object" && typeof servable !== "function")) {
    throw new TypeError(`a loader of fetched files must load an object; got ${String(servable)}`);
  }
  const disposal = unloadOf(servable);
  let disposing: Promise<void> | undefined;
  const dispose = async () => {
    try {
      await disposal();
    } finally {
      await lease[Symbol.asyncDispose]();
    }
  };
  const once = () => {
    disposing ??= dispose();
    return disposing;
  };
  if (!Object.isExtensible(servable)) return delegate(servable, once) as S;
  Object.defineProperty(servable, Symbol.asyncDispose, { value: once, configurable: true });
  return servable;
}

/** The current disposal of a servable. */
function unloadOf(servable: object): () => Promise<void> {
  const own = servable as Partial<AsyncDisposable & Disposable>;
  const members = { async: own[Symbol.asyncDispose], sync: own[Symbol.dispose] };
  return () =>
    unload({
      ...(members.async && { [Symbol.asyncDispose]: () => members.async?.call(own) }),
      ...(members.sync && { [Symbol.dispose]: () => members.sync?.call(own) }),
    });
}

/** A frozen servable with another disposal. Methods run on the servable, which may have private fields. */
function delegate(servable: object, dispose: () => Promise<void>): object {
  return new Proxy(
    {},
    {
      get(_, key) {
        if (key === Symbol.asyncDispose) return dispose;
        const value: unknown = Reflect.get(servable, key, servable);
        return typeof value === "function" ? value.bind(servable) : value;
      },
      has: (_, key) => key in servable,
    },
  );
}

function atMost(bound: Resources, actual: Resources): Resources {
  return Object.fromEntries(
    Object.entries(bound).map(([name, amount]) => [name, Math.min(amount, actual[name] ?? 0)]),
  );
}
