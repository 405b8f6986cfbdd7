import { isAbsolute } from "node:path";
import { errors } from "../errors.js";
import { integer, paths, textOrNone, toggle } from "../flag-kinds.js";
import type { FlagValues } from "../flags.js";
import type { PlatformFlags } from "./platform-row.js";

const MAX_MS = 2 ** 31 - 1;

const ownFlags = {
  python: toggle(
    false,
    "Serves folders that contain a model.py by running its code. Modules named in the model config file run without this flag.",
  ),
  python_interpreter: textOrNone(
    "path",
    "The interpreter for Python models: an absolute path, or a name to look up in PATH. Default: the one in VIRTUAL_ENV, else python3.",
  ),
  python_workers: integer("count", 1, [1, 256], "Processes for each version of a Python model."),
  python_concurrency: integer(
    "count",
    1,
    [1, 256],
    "Calls that one Python process runs at the same time, in threads.",
  ),
  python_start_timeout_ms: integer(
    "ms",
    120_000,
    [1, MAX_MS],
    "Time for a Python process to load the model.",
  ),
  python_hang_timeout_ms: integer(
    "ms",
    60_000,
    [0, MAX_MS],
    "If a call takes longer, its Python process is killed; 0 disables this.",
  ),
  python_path: paths("path,…", "Absolute paths of folders that Python models may import from."),
  watch: toggle(
    false,
    "For development: reloads a Python model when a .py file in its module's folder changes.",
  ),
};

/** The flag values that `python()` is created from. */
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
