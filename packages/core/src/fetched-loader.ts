import { type Completeness, checkCompleteness } from "./completeness.js";
import { errors } from "./errors.js";
import { type LoadContext, type Loader, unload } from "./loader.js";
import type { LocalLease, RemotePath } from "./remote-path.js";
import type { Resources } from "./resources.js";
import { settleBy } from "./settle-by.js";
import type { StoragePath } from "./storage-path.js";

/** The parts of a platform that `fetchedLoader` needs besides the loader of local files. */
export interface FetchedLoaderOptions {
  /** The platform's rule whether the fetched files are all there. Default: they are. */
  readonly isComplete?: ((path: string) => Promise<Completeness>) | undefined;
  /** An upper bound of what the servable will hold, by `RemotePath.sizeBytes`: asked before there are files. */
  estimate(sizeBytes: number | undefined): Promise<Resources>;
}

/**
 * Makes the loader of a version whose files must be fetched first: it fetches them, checks that they are complete,
 * and loads them by the loader that `make` makes of their local path.
 *
 * Guarantees, in addition to those of `Loader` (L1 to L8):
 * - D1 Each `load` fetches again, in `load` itself: a retry sees what the storage has by then.
 * - D2 The files are checked by `isComplete` before the inner loader is made. Incomplete files fail the load with
 *   UNAVAILABLE / VERSION_INCOMPLETE; what the check found out reaches the inner loader as `StoragePath.found`.
 * - D3 The probe of the inner loader runs in `load`, before its `load`; if it rejects, the load fails and may be
 *   retried.
 * - D4 The lease is held until the servable was disposed, and is disposed after it. If the load fails or is aborted,
 *   it is disposed before `load` rejects, or as soon as a `fetch` that ignores its signal resolves.
 * - D5 If the signal aborts, `load` rejects with the signal's reason, regardless of what `fetch` or the inner loader
 *   reject with. An inner load that has started ends first.
 * - D6 `estimateResources` is `estimate` of the remote size until a load succeeded, and after that at most what the
 *   inner loader estimates. A version without a size reserves nothing.
 * - D7 A fetch is limited in time without progress, not in length: what it reports is progress of the load.
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

/** Fetches, or rejects with the signal's reason; a lease that comes too late is disposed. */
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
    // A lease that cannot be disposed is the provider's to report: the load has ended.
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

/** The disposal that a servable has now. */
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
