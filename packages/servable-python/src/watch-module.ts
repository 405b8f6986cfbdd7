import { watch } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "@serving-kit/core";
import type { WorkerPool } from "./pool/worker-pool.js";
import type { WorkerLog } from "./worker/worker-log.js";

/** Replaces the workers of a version when its module changes. Disposal waits for a replacement in progress. */
export type ModuleWatch = AsyncDisposable;

/**
 * Watches the `.py` files in the folder of a module. A change starts new workers, which replace the current ones when
 * they are ready. If they do not start, or their signatures differ, the current workers stay, because signatures must
 * not change within a version.
 */
export function watchModule(module: string, pool: WorkerPool, log: WorkerLog): ModuleWatch {
  const before = JSON.stringify(withoutPid(pool));
  let running: Promise<void> | undefined;
  let isStale = false;
  const replace = async (): Promise<void> => {
    while (isStale) {
      isStale = false;
      try {
        await pool.replace((worker) => {
          const isSame = JSON.stringify({ ...worker.model, pid: 0 }) === before;
          if (!isSame)
            log.warn("its signatures changed, so it was not reloaded; load it as a new version");
          return isSame;
        });
        log.info(`reloaded: ${module} has changed`);
      } catch (error) {
        log.warn(`not reloaded, the model stays as it was: ${messageOf(error)}`);
      }
    }
    running = undefined;
  };
  const watcher = watch(dirname(module), { persistent: false }, (_event, file) => {
    if (file !== null && !file.endsWith(".py")) return;
    isStale = true;
    running ??= replace();
  });
  watcher.on("error", (error) =>
    log.warn(`changes of the module are no longer seen: ${error.message}`),
  );
  return {
    async [Symbol.asyncDispose]() {
      watcher.close();
      isStale = false;
      await running;
    },
  };
}

const withoutPid = (pool: WorkerPool): object => ({ ...pool.model, pid: 0 });
