import { loadKoffi } from "./koffi.js";
import { workerThreads } from "./worker-threads.js";

/**
 * Exits the process immediately with a code, even if native calls still run. `process.exit` waits for calls on libuv's
 * pool, whose threads are joined at exit (uv_library_shutdown), and a run of a model may take minutes. No exit handler
 * runs: it uses `_exit(2)`, on Windows TerminateProcess.
 */
export function exitNow(code: number): never {
  return prepareExit()(code);
}

/** Loads the parts of `exitNow`, and returns a version of it that reads no file. For any thread of the process. */
export function prepareExit(): (code: number) => never {
  const terminate = findTerminate();
  const { isMainThread } = workerThreads();
  return (code) => {
    terminate?.(code);
    // Without koffi, no native call runs. In a worker thread, `process.exit` would end only that thread.
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
