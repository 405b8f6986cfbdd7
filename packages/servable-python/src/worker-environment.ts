import { availableParallelism } from "node:os";
import type { Settings } from "./options.js";

/**
 * Returns the environment of a worker: that of this process, the option `env` with the worker's number, and
 * OMP_NUM_THREADS, so that workers do not compete for cores.
 */
export function environmentOf(
  { env, workers }: Pick<Settings, "env" | "workers">,
  worker: number,
  base: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const own = Object.entries(env).map(([name, value]) => [
    name,
    value.replaceAll("{worker}", String(worker)),
  ]);
  const threads = Math.max(1, Math.floor(availableParallelism() / workers));
  return { OMP_NUM_THREADS: String(threads), ...base, ...Object.fromEntries(own) };
}
