import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is removed with what is in it. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "serving-kit-store-"));
  // A source that was unsubscribed may still write the list of its last look.
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 };
  return { path, [Symbol.asyncDispose]: () => rm(path, options) };
}
