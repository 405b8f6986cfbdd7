import { formatServableId, type ServableId } from "@serving-kit/core";
import { runInCanary } from "./canary.js";

/** Options of the canary, which tries a version in a child process. */
export interface CanaryOptions {
  /** Timeout of the child process in ms. Default 60,000; for SavedModels 120,000. */
  readonly timeoutMs?: number | undefined;
}

/** A version to try. */
export interface ProbedVersion {
  readonly id: ServableId;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** The canary of a platform. */
export interface PlatformCanary {
  /** The URL of a module whose export `tryModel` loads the version at a path with options: `{ path, options }`. */
  readonly module: string;
  /** Default timeout in ms. */
  readonly timeoutMs: number;
}

/**
 * Tries a version in a child process, if its options have a canary.
 *
 * @throws ServingError as `runInCanary` does.
 */
export async function probeInCanary<O extends { readonly canary?: CanaryOptions | undefined }>(
  { id, path, signal }: ProbedVersion,
  { canary, ...options }: O,
  { module, timeoutMs }: PlatformCanary,
): Promise<void> {
  if (canary === undefined) return;
  await runInCanary({
    what: `${formatServableId(id)} (${path})`,
    ...{ module, exportName: "tryModel", argument: { path, options } },
    ...{ timeoutMs: canary.timeoutMs ?? timeoutMs, signal },
  });
}

/** Returns whether a value is a `CanaryOptions`. */
export function isCanaryOptions(value: unknown): value is CanaryOptions {
  if (typeof value !== "object" || value === null) return false;
  const { timeoutMs = 1, ...others } = value as Record<string, unknown>;
  return typeof timeoutMs === "number" && timeoutMs > 0 && Object.keys(others).length === 0;
}
