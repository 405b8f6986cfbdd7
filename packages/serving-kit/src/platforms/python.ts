import type { Platform } from "@serving-kit/inference";
import { type PythonOptions, python } from "@serving-kit/servable-python";
import type { PlatformSetup } from "./platform-row.js";
import type { PythonFlags } from "./python-flags.js";

/**
 * The platform for Python models, configured from flags. With its defaults it only runs modules named in the
 * configuration, and does not detect models by their files.
 */
export function pythonOf(setup?: PlatformSetup): Platform {
  return python(setup ? pythonOptionsOf(setup) : { detect: false });
}

/** Converts flags to options. */
export function pythonOptionsOf(setup: PlatformSetup): PythonOptions {
  const flags = setup.flags as PythonFlags;
  return {
    detect: flags.python,
    ...(flags.python_interpreter !== "" && { interpreter: flags.python_interpreter }),
    workers: flags.python_workers,
    concurrency: flags.python_concurrency,
    startTimeoutMs: flags.python_start_timeout_ms,
    hangTimeoutMs: flags.python_hang_timeout_ms,
    pythonPath: flags.python_path,
    watch: flags.watch,
  };
}
