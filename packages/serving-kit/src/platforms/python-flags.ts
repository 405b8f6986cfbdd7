import { isAbsolute } from "node:path";
import { errors } from "../errors.js";
import { integer, paths, textOrNone, toggle } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { PlatformFlags } from "./platform-row.js";

const MAX_MS = 2 ** 31 - 1;

const ownFlags = {
  python: toggle(
    false,
    "Serves folders with a model.py, whose code then runs. Modules that the model config file names run without it.",
  ),
  python_interpreter: textOrNone(
    "path",
    "The interpreter of Python models: an absolute path, or a name to look up in PATH. Default: that of VIRTUAL_ENV, else python3.",
  ),
  python_workers: integer("count", 1, [1, 256], "Processes for each version of a Python model."),
  python_concurrency: integer(
    "count",
    1,
    [1, 256],
    "Calls that one of these processes runs at a time, in threads.",
  ),
  python_start_timeout_ms: integer(
    "ms",
    120_000,
    [1, MAX_MS],
    "Time for such a process to load the model.",
  ),
  python_hang_timeout_ms: integer(
    "ms",
    60_000,
    [0, MAX_MS],
    "Time from the start of a call after which its process is killed; 0 disables it.",
  ),
  python_path: paths("path,…", "Absolute folders that Python models may import from."),
  watch: toggle(
    false,
    "Reloads Python models when a .py file in the folder of their module changes: for development.",
  ),
};

/** The values of the flags that `python()` is made of. */
export type PythonFlags = FlagValues<typeof ownFlags>;

/** The flags of models written in Python. */
export const pythonFlags: PlatformFlags = {
  ownFlags,
  flagOfOption: {
    detect: "python",
    interpreter: "python_interpreter",
    workers: "python_workers",
    concurrency: "python_concurrency",
    startTimeoutMs: "python_start_timeout_ms",
    hangTimeoutMs: "python_hang_timeout_ms",
    pythonPath: "python_path",
    watch: "watch",
  },
  check(flags) {
    const { python_interpreter: interpreter, python_path: folders } = flags as PythonFlags;
    const isFound = isAbsolute(interpreter) || !/[/\\]/.test(interpreter);
    if (!isFound)
      throw errors.flagInvalid("python_interpreter", EXPECTED, JSON.stringify(interpreter));
    const relative = folders.find((folder) => !isAbsolute(folder));
    if (relative === undefined) return;
    throw errors.flagInvalid("python_path", "absolute paths", JSON.stringify(relative));
  },
};

const EXPECTED = "an absolute path, or a name without a slash";
