import { startWorker } from "@serving-kit/core";
import { UnsupportedError } from "./document/fields.js";
import { DocumentError } from "./document/value.js";
import type { FileKind } from "./file-kind.js";
import type { ReadOptions, TreeModel } from "./tree-model.js";

/** The message to a worker thread. */
export interface ReadRequest {
  /** The file, in shared memory. */
  readonly bytes: Uint8Array;
  readonly kind: FileKind;
  readonly options: ReadOptions;
}

/** The message from a worker thread. */
export type ReadOutcome =
  | { readonly model: TreeModel }
  | { readonly problem: string; readonly isUnsupported: boolean };

/**
 * Parses a file in a worker thread, which then ends.
 *
 * @throws The errors of `parseModel`; the signal's reason, if it aborts.
 */
export async function readInWorker(
  request: ReadRequest,
  signal: AbortSignal | undefined,
): Promise<TreeModel> {
  signal?.throwIfAborted();
  const worker = startWorker("./read-worker", import.meta.url, { workerData: request });
  let abort = () => {};
  try {
    const outcome = await new Promise<ReadOutcome>((resolve, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`the worker exited with code ${code}`)));
    });
    if ("model" in outcome) return outcome.model;
    const { problem, isUnsupported } = outcome;
    throw isUnsupported ? new UnsupportedError(problem) : new DocumentError(problem);
  } finally {
    signal?.removeEventListener("abort", abort);
    await worker.terminate();
  }
}
