import { isAbsolute } from "node:path";
import { optionsOfModel } from "@serving-kit/inference";
import { errors } from "./errors.js";

/**
 * Options for one Python model. In a model's configuration, the block `python`, with names in snake case.
 *
 * @example
 * ```ts
 * const options: PythonModelOptions = { interpreter: "/opt/venv/bin/python", workers: 2 };
 * ```
 */
export interface PythonModelOptions {
  /**
   * The interpreter: an absolute path, such as `/opt/venv/bin/python`, or a name to look up in the absolute folders of
   * PATH. Default: `bin/python` of `VIRTUAL_ENV`, otherwise `python3`.
   */
  readonly interpreter?: string | undefined;
  /** Number of processes for each version, 1 to 256. Default 1. */
  readonly workers?: number | undefined;
  /**
   * Number of calls that one process runs at a time, in threads, 1 to 256. Above 1 it is for code that releases the
   * GIL, or for `async def`. Default 1.
   */
  readonly concurrency?: number | undefined;
  /**
   * Environment variables in addition to the server's. `{worker}` in a value is replaced by the number of the process,
   * from 0: `{ CUDA_VISIBLE_DEVICES: "{worker}" }` gives each process its own GPU. Default: OMP_NUM_THREADS is the
   * number of cores for each worker, unless it is set.
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Maximum time in ms for a process to load the model. Default 120,000. */
  readonly startTimeoutMs?: number | undefined;
  /** The time in ms from the start of a call after which its process is killed. Default 60,000. 0 disables it. */
  readonly hangTimeoutMs?: number | undefined;
  /** Absolute folders to import from, in addition to the module's folder. Default none. */
  readonly pythonPath?: readonly string[] | undefined;
}

/**
 * Options for `python`.
 *
 * @example
 * ```ts
 * const options: PythonOptions = { workers: 2, watch: true };
 * ```
 */
export interface PythonOptions extends PythonModelOptions {
  /**
   * True if models that name no platform are detected by their file `model.py`, whose code then runs. Default true:
   * passing the platform to a server is consent. If false, it only runs modules that a configuration names, and models
   * whose platform is named.
   */
  readonly detect?: boolean | undefined;
  /**
   * True if the processes are replaced when a `.py` file in the module's folder changes. For development. Default
   * false.
   */
  readonly watch?: boolean | undefined;
}

/** Options with their defaults. */
export type Settings = {
  readonly [K in Exclude<keyof PythonOptions, "interpreter" | "detect">]-?: NonNullable<
    PythonOptions[K]
  >;
} & Pick<PythonOptions, "interpreter">;

interface Check {
  readonly expected: string;
  fits(value: unknown): boolean;
}

const MAX_MS = 2 ** 31 - 1;

const text = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !value.includes("\0");

const integer = (min: number, max: number): Check => ({
  expected: `an integer from ${min} to ${max}`,
  fits: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
});

const flag: Check = { expected: "true or false", fits: (value) => typeof value === "boolean" };

const CHECKS: { readonly [K in keyof PythonOptions]-?: Check } = {
  interpreter: {
    expected: "an absolute path, or a name without a slash",
    fits: (value) => text(value) && (isAbsolute(value) || !/[/\\]/.test(value)),
  },
  workers: integer(1, 256),
  concurrency: integer(1, 256),
  env: {
    expected: "strings by the names of environment variables",
    fits: (value) =>
      typeof value === "object" &&
      value !== null &&
      Object.entries(value).every(
        ([name, one]) => /^[^=\0]+$/.test(name) && typeof one === "string",
      ),
  },
  startTimeoutMs: integer(1, MAX_MS),
  hangTimeoutMs: integer(0, MAX_MS),
  pythonPath: {
    expected: "an array of absolute paths",
    fits: (value) => Array.isArray(value) && value.every((one) => text(one) && isAbsolute(one)),
  },
  detect: flag,
  watch: flag,
};

/** @throws ServingError INVALID_ARGUMENT / PYTHON_OPTIONS_INVALID with the option's name. */
export function checkOptions(options: PythonOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) {
      throw errors.optionInvalid(name, `one of ${Object.keys(CHECKS).join(", ")}`, value);
    }
    const { expected, fits } = CHECKS[name as keyof PythonOptions];
    if (value !== undefined && !fits(value)) throw errors.optionInvalid(name, expected, value);
  }
}

/** Merges the options of the platform with those of the model, which take precedence. */
export function settingsOf(options: PythonOptions, own: PythonModelOptions = {}): Settings {
  const given = optionsOfModel(options, own, checkOptions);
  return {
    workers: given.workers ?? 1,
    concurrency: given.concurrency ?? 1,
    env: { ...options.env, ...own.env },
    startTimeoutMs: given.startTimeoutMs ?? 120_000,
    hangTimeoutMs: given.hangTimeoutMs ?? 60_000,
    pythonPath: given.pythonPath ?? [],
    watch: given.watch ?? false,
    ...(given.interpreter !== undefined && { interpreter: given.interpreter }),
  };
}
