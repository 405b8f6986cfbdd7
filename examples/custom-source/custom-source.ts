import {
  type AspiredVersion,
  type Clock,
  delay,
  ServingError,
  type Source,
  type StoragePath,
  servableId,
  sourceFrom,
  systemClock,
} from "@serving-kit/core";

/** A row of a table of deployments: one version of one model. */
export interface Deployment {
  readonly name: string;
  readonly version: bigint;
  readonly path: string;
  /** Why this version must not be loaded, such as "checksum mismatch". */
  readonly problem?: string;
}

/** Emits when the table must be read. */
export interface DeploymentSourceOptions {
  /** Default 1,000. */
  readonly pollIntervalMs?: number;
  readonly clock?: Clock;
}

/** Emits the versions listed in a table of deployments, and polls the table for changes. */
export function deploymentSource(
  readTable: (signal: AbortSignal) => Promise<readonly Deployment[]>,
  { pollIntervalMs = 1_000, clock = systemClock }: DeploymentSourceOptions = {},
): Source<StoragePath> {
  return sourceFrom(async function* (signal) {
    let names = new Set<string>();
    while (!signal.aborted) {
      // If the table cannot be read, emit nothing: the aspired versions stay the same.
      const table = await readTable(signal).catch(() => undefined);
      if (table !== undefined) {
        const listed = new Set(table.map(({ name }) => name));
        // An empty list withdraws a name that is no longer in the table.
        for (const name of new Set([...names, ...listed])) {
          yield { name, versions: table.filter((row) => row.name === name).map(toAspired) };
        }
        names = listed;
      }
      await delay(clock, pollIntervalMs, signal);
    }
  });
}

function toAspired({ name, version, path, problem }: Deployment): AspiredVersion<StoragePath> {
  const id = servableId(name, version);
  if (problem === undefined) return { id, data: { path } };
  return { id, error: new ServingError("FAILED_PRECONDITION", "DEPLOYMENT_INVALID", problem) };
}
