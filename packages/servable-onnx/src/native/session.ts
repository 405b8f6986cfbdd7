import { dirname } from "node:path";
import { callOnThread } from "@serving-kit/native-library";
import type { OnnxOptions } from "../options.js";
import type { OnnxRuntime } from "./library.js";
import { counts } from "./native-counts.js";
import { appendProvider } from "./providers.js";

/** The source of a session. */
export interface SessionSource {
  readonly path: string;
  /** The file, without ZipMaps. */
  readonly bytes: Uint8Array;
  readonly options: OnnxOptions;
}

/** `GraphOptimizationLevel`. */
const OPTIMIZATION = { none: 0, basic: 1, extended: 2, all: 99 };

const LOG_FATAL = 4;

/**
 * Creates a session, on a thread of libuv's pool. If the signal aborts, ONNX Runtime stops loading. Returns the address
 * of the `OrtSession`.
 *
 * @throws OrtFailure; the signal's reason, if it aborts.
 */
export async function createSession(
  runtime: OnnxRuntime,
  source: SessionSource,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const { api, statuses, env } = runtime;
  const { bytes } = source;
  const options = sessionOptions(runtime, source);
  const cancel = () => statuses.check(api.SessionOptionsSetLoadCancellationFlag(options, true));
  signal?.addEventListener("abort", cancel, { once: true });
  // Read after the call, so that the garbage collector keeps it until then.
  const slot = new BigUint64Array(1);
  const { CreateSessionFromArray: create } = api;
  try {
    const args = [env, bytes, bytes.length, options, slot];
    const status = await callOnThread<bigint | null>(create, ...args);
    statuses.check(status);
    counts.sessions++;
    return slot[0] as bigint;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    api.ReleaseSessionOptions(options);
  }
}

/** Frees a session, on a thread. No run may be in flight. */
export async function releaseSession({ api }: OnnxRuntime, session: bigint): Promise<void> {
  await callOnThread(api.ReleaseSession, session);
  counts.sessions--;
}

function sessionOptions(runtime: OnnxRuntime, { path, options }: SessionSource): bigint {
  const { api, statuses } = runtime;
  const { threads = 1, optimization = "all", arena = true } = options;
  const pointer = statuses.out(api.CreateSessionOptions);
  const check = (status: bigint | null) => statuses.check(status);
  try {
    check(api.SetSessionLogSeverityLevel(pointer, LOG_FATAL));
    check(api.SetIntraOpNumThreads(pointer, threads));
    check(api.SetInterOpNumThreads(pointer, 1));
    check(api.SetSessionGraphOptimizationLevel(pointer, OPTIMIZATION[optimization]));
    for (const [key, value] of Object.entries({
      // Spinning threads use the CPU between calls.
      "session.intra_op.allow_spinning": "0",
      "session.inter_op.allow_spinning": "0",
      // A session that is created from bytes has no folder.
      "session.model_external_initializers_file_folder_path": dirname(path),
    })) {
      check(api.AddSessionConfigEntry(pointer, key, value));
    }
    if (!arena) check(api.DisableCpuMemArena(pointer));
    for (const library of options.customOpLibraries ?? []) {
      check(api.RegisterCustomOpsLibrary_V2(pointer, library));
    }
    for (const provider of options.providers ?? []) appendProvider(runtime, pointer, provider);
    return pointer;
  } catch (error) {
    api.ReleaseSessionOptions(pointer);
    throw error;
  }
}
