import type { Platform } from "@serving-kit/inference";
import { z } from "zod";

const method = z.custom<unknown>((value) => typeof value === "function", "a function");
const milliseconds = z.custom<number>(
  (value) => typeof value === "number" && value >= 0,
  "milliseconds, at least 0",
);

const count = z.number().int().min(1).max(1024);

/** Maximum count of an Int32 that event loops share. */
const MAX_CONNECTIONS = 2 ** 31 - 1;

const plugins = (what: string) =>
  z
    .array(
      z.custom((value) => typeof (value as { name?: unknown } | null)?.name === "string", what),
    )
    .optional();

/** Checks the options of `createModelServer`, from JavaScript or from a file. */
export const optionsSchema: z.ZodObject = z.strictObject({
  platforms: z.array(
    z.custom((value) => typeof (value as Platform | null)?.platformName === "string", "a platform"),
  ),
  models: z.array(z.unknown()).optional(),
  sourceProviders: z
    .array(
      z.looseObject({
        schemes: z.array(z.string().regex(/^[a-z][a-z0-9+.-]+$/, "a scheme such as s3")),
      }),
    )
    .optional(),
  sources: z
    .array(
      z.custom(
        (value) => typeof (value as { subscribe?: unknown } | null)?.subscribe === "function",
        "a source",
      ),
    )
    .optional(),
  ready: z.array(z.string()).optional(),
  startUpPolicy: z.enum(["all", "any", "none"]).optional(),
  startUpTimeoutMs: milliseconds.optional(),
  beforeStart: method.optional(),
  pollIntervalMs: milliseconds.optional(),
  watch: z.boolean().optional(),
  settleMs: milliseconds.optional(),
  servableVersionsAlwaysPresent: z.boolean().optional(),
  stateDir: z
    .string()
    .regex(/^[^\0]+$/, "a path")
    .optional(),
  allowVersionLabelsForUnavailableModels: z.boolean().optional(),
  batching: z
    .union(
      [z.boolean(), z.literal("auto"), z.looseObject({}), method],
      '"auto", true, false, batching options or a function',
    )
    .optional(),
  perModelBatchingParameters: z.boolean().optional(),
  modelControl: z.enum(["reload", "none"]).optional(),
  modelRoots: z
    .array(z.string().regex(/^[^\0]+$/, "a path"))
    .min(1)
    .optional(),
  processor: z.looseObject({ name: z.string(), process: method }).optional(),
  adapters: z.array(method).optional(),
  manager: z
    .custom(
      (value) => typeof value === "object" && value !== null && !("acquire" in value),
      "options for the manager, not a manager",
    )
    .optional(),
  rest: z
    .strictObject({
      cors: z.boolean().optional(),
      timeoutMs: milliseconds.optional(),
      maxBodyBytes: z.number().int().min(1).optional(),
    })
    .optional(),
  limits: z
    .strictObject({
      requestMemoryBytes: z.number().int().min(1).optional(),
      connections: z.number().int().min(1).max(MAX_CONNECTIONS).optional(),
      stalledAnswerTimeoutMs: milliseconds.optional(),
      idleStreamTimeoutMs: milliseconds.optional(),
      allowedHosts: z.array(z.string().min(1)).optional(),
    })
    .optional(),
  authorize: method.optional(),
  protocols: plugins("a protocol"),
  observers: plugins("an observer"),
  acquireDecorators: plugins("an acquire decorator"),
  threads: z
    .union(
      [
        count,
        z.strictObject({
          count,
          platforms: z.union([z.string(), z.instanceof(URL)]).optional(),
          reusePortSocket: method.optional(),
        }),
      ],
      "how many event loops, or { count, platforms, reusePortSocket }",
    )
    .optional(),
  logger: z.looseObject({ info: method, warn: method, error: method }).optional(),
  clock: z.looseObject({ now: method, setTimeout: method }).optional(),
});
