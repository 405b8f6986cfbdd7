import { loadKoffi } from "./koffi.js";
import { callOnThread, type NativeFunction } from "./native-function.js";

/** dlopen's flags by platform; RTLD_NODELETE pins the library. */
const FLAGS: Partial<Record<NodeJS.Platform, { now: number; global: number; noDelete: number }>> = {
  linux: { now: 0x2, global: 0x100, noDelete: 0x1000 },
  darwin: { now: 0x2, global: 0x8, noDelete: 0x80 },
};

/** Windows: search dependencies next to the library; never free the module. */
const LOAD_WITH_ALTERED_SEARCH_PATH = 0x8;
const GET_MODULE_HANDLE_EX_FLAG_PIN = 0x1;

/**
 * Opens a library for the lifetime of the process. Runs on a thread of libuv's pool, because static initializers of
 * large libraries take long.
 *
 * koffi closes its libraries when a thread or the process ends. A library with threads or exit handlers of its own does
 * not survive that: the process dies with SIGSEGV at exit. So each library is pinned before koffi opens it: by
 * RTLD_NODELETE (dlopen(3)), or on Windows by a handle that GetModuleHandleEx pins.
 *
 * Returns false if the library could not be opened; `koffi.load` then reports the reason (dlerror is per thread, so it
 * is lost with the thread that failed).
 */
export async function pinLibrary(path: string, isGlobal: boolean): Promise<boolean> {
  return process.platform === "win32" ? pinOnWindows(path) : pinByDlopen(path, isGlobal);
}

let dlopen: NativeFunction | undefined;

async function pinByDlopen(path: string, isGlobal: boolean): Promise<boolean> {
  const flags = FLAGS[process.platform];
  if (flags === undefined) return true;
  dlopen ??= loadKoffi().load(null).func("dlopen", "void *", ["str", "int"]) as NativeFunction;
  const mode = flags.now | flags.noDelete | (isGlobal ? flags.global : 0);
  return (await callOnThread(dlopen, path, mode)) !== null;
}

async function pinOnWindows(path: string): Promise<boolean> {
  const kernel = loadKoffi().load("kernel32.dll");
  const load = kernel.func("LoadLibraryExW", "void *", ["str16", "void *", "uint32"]);
  const pin = kernel.func("GetModuleHandleExW", "bool", ["uint32", "str16", "void *"]);
  const module = await callOnThread(
    load as NativeFunction,
    path,
    null,
    LOAD_WITH_ALTERED_SEARCH_PATH,
  );
  return module !== null && pin(GET_MODULE_HANDLE_EX_FLAG_PIN, path, Buffer.alloc(8));
}
