import { isAbsolute } from "node:path";
import { z } from "zod";
import type { ConfigPlace } from "./model-options.js";
import { type OptionFields, optionsOf, optionsSchemaOf, positive, whole } from "./wire-fields.js";
import { messageField, type WireValues, wireMessage } from "./wire-message.js";

/** Options of a single Python model: see `PythonModelOptions` of servable-python. */
export interface PythonModelOptions {
  readonly interpreter?: string | undefined;
  /** The number of processes for each version, 1 to 256. */
  readonly workers?: number | undefined;
  /** The number of concurrent calls per process, 1 to 256. */
  readonly concurrency?: number | undefined;
  /** `{worker}` in a value is the number of the process, from 0. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly startTimeoutMs?: number | undefined;
  /** 0 disables it. */
  readonly hangTimeoutMs?: number | undefined;
  readonly pythonPath?: readonly string[] | undefined;
}

const MAX_MS = 2 ** 31 - 1;
const text = z.string().regex(/^[^\0]+$/, "a non-empty string");
const interpreter = text.refine((value) => isAbsolute(value) || !/[/\\]/.test(value), {
  message: "an absolute path, or a name without a slash",
});
const environment = z.record(z.string().regex(/^[^=\0]+$/), z.string());

const fields = {
  interpreter: {
    id: 1,
    type: "string",
    schema: text.meta({
      description:
        "The Python interpreter: a path, which is resolved against the folder of the configuration, or a name to " +
        "look up in PATH. Default: that of VIRTUAL_ENV, else python3.",
    }),
    option: interpreter,
  },
  workers: positive(2, 256, "Processes for each version. Default 1."),
  concurrency: positive(3, 256, "Concurrent calls per process, in threads. Default 1."),
  env: {
    id: 4,
    type: "string",
    rule: "map",
    schema: environment.meta({
      description:
        "Environment variables of the processes. {worker} in a value is the number of the process, from 0.",
    }),
    option: environment,
  },
  start_timeout_ms: positive(5, MAX_MS, "Timeout for a process to load the model. Default 120000."),
  hang_timeout_ms: {
    id: 6,
    type: "int64",
    schema: whole(
      "Timeout of a call, after which its process is killed. Default 60000; 0 disables it.",
    ),
    option: z.int().min(0).max(MAX_MS),
  },
  python_path: {
    id: 7,
    type: "string",
    rule: "repeated",
    schema: z.array(text).meta({
      description:
        "Folders to import from. A relative path is resolved against the folder of the configuration.",
    }),
    option: z.array(text.refine(isAbsolute, { message: "an absolute path" })),
  },
} as const satisfies OptionFields<PythonModelOptions>;

const message = wireMessage("PythonOptions", fields);

/** The options of one Python model. */
export const pythonField = messageField(
  message,
  "How this Python model runs, instead of the flags.",
);

/** Checks `PythonModelOptions`. */
export const pythonOptionsSchema: z.ZodType = optionsSchemaOf(fields);

/** Returns the options from their fields. */
export function readPythonOptions(
  values: WireValues<typeof fields>,
  { path }: ConfigPlace,
): PythonModelOptions {
  const { interpreter, pythonPath, ...rest } = optionsOf<PythonModelOptions>(fields, values);
  return {
    ...rest,
    ...(interpreter !== undefined && {
      interpreter: /[/\\]/.test(interpreter) ? path(interpreter) : interpreter,
    }),
    ...(pythonPath && pythonPath.length > 0 && { pythonPath: pythonPath.map(path) }),
  };
}
