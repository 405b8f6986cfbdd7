import { isMainThread } from "node:worker_threads";
import { loadKoffi } from "./koffi.js";

/**
 * Ends the process at once with a code, even if native calls still run. `process.exit` waits for
 * those on libuv's pool, whose threads are joined when the process ends (uv_library_shutdown), and a
 * run of a model may take minutes. No exit handler runs: `_exit(2)`, on Windows TerminateProcess.
 */
export function exitNow(code: number): never {
  return prepareExit()(code);
}

/** Loads what `exitNow` needs, and returns it: a function that reads no file. For any thread of the process. */
export function prepareExit(): (code: number) => never {
  const terminate = findTerminate();
  return (code) => {
    terminate?.(code);
    // Without koffi no native call runs. In a worker thread `process.exit` would end that thread alone.
    if (!isMainThread) process.kill(process.pid, "SIGKILL");
    return process.exit(code);
  };
}

function findTerminate(): ((code: number) => void) | undefined {
  try {
    const koffi = loadKoffi();
    if (process.platform !== "win32") return koffi.load(null).func("_exit", "void", ["int"]);
    const kernel = koffi.load("kernel32.dll");
    const currentProcess = kernel.func("GetCurrentProcess", "void *", []);
    const terminate = kernel.func("TerminateProcess", "bool", ["void *", "uint32"]);
    return (code) => void terminate(currentProcess(), code);
  } catch {
    return undefined;
  }
}
