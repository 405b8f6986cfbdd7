import {
  type Clock,
  delay,
  isRemotePath,
  type LocalLease,
  type Logger,
  latestVersions,
  parseVersion,
  type RemotePath,
  type SourceProvider,
  type SourceServable,
  specificVersions,
  systemClock,
  type Version,
} from "@serving-kit/core";
import { builtIns } from "./built-ins.js";
import { errors } from "./errors.js";
import type { Progress } from "./progress.js";
import { loadSources, type SourceOptions } from "./source-rows.js";

/** A version whose files have been fetched. */
export interface FetchedModel {
  readonly version: Version;
  readonly uri: string;
  readonly lease: LocalLease;
}

/** Options of `fetchModel`. */
export interface FetchModelOptions extends SourceOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Shows progress while files are fetched. Default none. */
  readonly progress?: Progress;
  /** Default `systemClock`. */
  readonly clock?: Clock;
}

/** Timeout in ms for a version that is still being uploaded. */
const ARRIVAL_MS = 60_000;

/** Returns whether a path is a URI of remote storage. */
export function isRemoteUri(path: string): boolean {
  return /^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(path);
}

/**
 * Fetches the newest version under a URI, or the version that the URI names. The caller must dispose the lease.
 *
 * @throws the source's ServingError if the version does not exist or cannot be read; the signal's reason.
 */
export async function fetchModel(uri: string, options: FetchModelOptions): Promise<FetchedModel> {
  const scheme = uri.slice(0, uri.indexOf(":")).toLowerCase();
  const sources = await loadSources(builtIns.sourceProviders, options);
  const provider = sources.find(({ schemes }) => schemes.includes(scheme));
  if (provider === undefined || !("create" in provider)) {
    const schemes = sources.flatMap((each) => each.schemes).filter((each) => each !== "file");
    throw errors.argumentInvalid("uri", `a URI with the scheme ${schemes.join(" or ")}`, uri);
  }
  const { version, remote } = await findVersion(provider, servableAt(uri, provider), options);
  const { uri: found, sizeBytes } = remote;
  const size = sizeBytes === undefined ? "" : ` (${Math.ceil(sizeBytes / 1e6)} MB)`;
  const show = () => options.progress?.update(`fetching ${found}${size}`);
  show();
  return { version, uri: found, lease: await remote.fetch(options.signal, show) };
}

/** The servable for a URI, which may end with a version number. */
function servableAt(uri: string, provider: SourceProvider): SourceServable {
  const basePath = provider.resolve?.(uri) ?? uri;
  const [, parent = "", last = "", query = ""] = /^(.+)\/([^/?]+)(\?.*)?$/.exec(basePath) ?? [];
  const version = parseVersion(last);
  return version === undefined
    ? { name: "model", basePath, versionPolicy: latestVersions(1) }
    : { name: "model", basePath: `${parent}${query}`, versionPolicy: specificVersions([version]) };
}

/** The first version that the provider's source emits. Rejects with the source's problem if there is none. */
async function findVersion(
  provider: SourceProvider,
  servable: SourceServable,
  { logger, signal, clock = systemClock }: FetchModelOptions,
): Promise<{ readonly version: Version; readonly remote: RemotePath }> {
  const source = provider.create({
    ...{ servables: [servable], clock, logger, pollIntervalMs: 10_000 },
  });
  let found: { readonly version: Version; readonly remote: RemotePath } | undefined;
  const subscription = source.subscribe(({ versions: [newest] }) => {
    if (newest === undefined || !("data" in newest) || !isRemotePath(newest.data)) return;
    found = { version: newest.id.version, remote: newest.data };
  });
  try {
    await source.poll();
    for (let waitedMs = 0; ; waitedMs += 1_000) {
      signal.throwIfAborted();
      if (found !== undefined) return found;
      const [problem] = source.problems();
      const isOnItsWay = problem === undefined || problem.error.reason === "VERSION_INCOMPLETE";
      if (!isOnItsWay || waitedMs >= ARRIVAL_MS) {
        throw problem?.error ?? errors.nothingToLoad(servable.basePath, "no version was found");
      }
      await delay(clock, 1_000, signal);
    }
  } finally {
    subscription.unsubscribe();
  }
}
