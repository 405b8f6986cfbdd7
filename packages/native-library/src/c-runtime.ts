import { loadKoffi } from "./koffi.js";
import { callOnThread, type NativeFunction } from "./native-function.js";

/** Maximum bytes of a formatted message; longer messages are truncated. */
const MESSAGE_BYTES = 1024;

let vsnprintf: NativeFunction | undefined;

/**
 * Formats the arguments that a C callback got as `const char *format, va_list args`.
 *
 * A `va_list` reaches the callback as one pointer-sized argument under the ABIs that the kit supports (System V x64: an
 * array that decays; AAPCS64: a composite passed by reference; Apple arm64 and Windows x64: a `char *`), and is passed
 * to `vsnprintf` as the same argument. Call it only while the callback runs, and only once per `va_list`.
 */
export function formatVarArgs(format: bigint, args: bigint): string {
  vsnprintf ??= loadKoffi()
    .load(process.platform === "win32" ? "msvcrt.dll" : null)
    .func(process.platform === "win32" ? "_vsnprintf" : "vsnprintf", "int", [
      "void *",
      "size_t",
      "void *",
      "void *",
    ]);
  const buffer = Buffer.alloc(MESSAGE_BYTES);
  vsnprintf(buffer, MESSAGE_BYTES - 1, format, args);
  return buffer.toString("utf8", 0, buffer.indexOf(0)).trim();
}

let mallocTrim: NativeFunction | null | undefined;
let trimming: Promise<void> = Promise.resolve();
let nextTrim: Promise<void> | undefined;

/**
 * Returns freed C memory to the system, on a thread of libuv's pool: glibc's `malloc_trim`. Otherwise the memory of a
 * large model stays with the process after it is freed. No-op if the function does not exist. Calls while another one
 * runs share the next run, because it holds C's locks.
 */
export function returnFreedMemory(): Promise<void> {
  nextTrim ??= trimming
    .catch(() => {})
    .then(() => {
      nextTrim = undefined;
      trimming = trim();
      return trimming;
    });
  return nextTrim;
}

async function trim(): Promise<void> {
  mallocTrim ??= declareMallocTrim();
  if (mallocTrim !== null) await callOnThread(mallocTrim, 0);
}

function declareMallocTrim(): NativeFunction | null {
  if (process.platform !== "linux") return null;
  try {
    return loadKoffi().load(null).func("malloc_trim", "int", ["size_t"]) as NativeFunction;
  } catch {
    return null;
  }
}

let setenv: NativeFunction | undefined;

/**
 * Sets an environment variable for C, unless it is set. In a worker thread, `process.env` is a copy that C does not
 * see. Call it before opening the library that reads the variable.
 */
export function setEnvironment(name: string, value: string): void {
  if (process.platform === "win32") {
    if (process.env[name] !== undefined) return;
    setenv ??= loadKoffi().load("ucrtbase.dll").func("_putenv_s", "int", ["str", "str"]);
    setenv(name, value);
  } else {
    setenv ??= loadKoffi().load(null).func("setenv", "int", ["str", "str", "int"]);
    setenv(name, value, 0);
  }
}

/** Returns whether the C library of this machine is musl. Most prebuilt libraries need glibc. */
export function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}
