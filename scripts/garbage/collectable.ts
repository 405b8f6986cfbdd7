import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const here = (file: string) => join(import.meta.dirname, file);

/** The options of Node, the plugin and the streams of a server whose garbage `collect` can collect. */
export const COLLECTABLE = {
  nodeFlags: ["--expose-gc", `--import=${pathToFileURL(here("collector.ts")).href}`],
  plugin: here("loop-collector.ts"),
  stdio: ["ignore", "pipe", "pipe", "ipc"],
} as const;

/**
 * Collects garbage in all event loops of a server. Resolves with the heap and external memory that is left, in MB; NaN
 * if the server ended.
 */
export async function collect(child: ChildProcess): Promise<number> {
  if (!child.connected) return Number.NaN;
  const over = new AbortController();
  const { signal } = over;
  const answer = once(child, "message", { signal });
  const ended = once(child, "exit", { signal }).then(() => [Number.NaN]);
  child.send("collect");
  try {
    const [mb] = await Promise.race([answer, ended]);
    return mb;
  } finally {
    over.abort(); // removes the listeners of the other
  }
}
