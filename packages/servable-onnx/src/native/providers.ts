import type { ExecutionProvider } from "../options.js";
import type { OnnxRuntime } from "./library.js";

/** Adds an execution provider to the options of a session. @throws OrtFailure if the library has no such provider. */
export function appendProvider(
  runtime: OnnxRuntime,
  sessionOptions: bigint,
  provider: ExecutionProvider,
): void {
  const { name, options = {} } = typeof provider === "string" ? { name: provider } : provider;
  const keys = Object.keys(options);
  const values = Object.values(options);
  if (name === "CUDA") appendCuda(runtime, sessionOptions, keys, values);
  else {
    const { api, statuses } = runtime;
    const append = api.SessionOptionsAppendExecutionProvider;
    statuses.check(append(sessionOptions, name, keys, values, keys.length));
  }
}

/** CUDA has its own functions. */
function appendCuda(
  { api, statuses }: OnnxRuntime,
  sessionOptions: bigint,
  keys: readonly string[],
  values: readonly string[],
): void {
  const cuda = statuses.out(api.CreateCUDAProviderOptions);
  try {
    if (keys.length > 0) {
      statuses.check(api.UpdateCUDAProviderOptions(cuda, keys, values, keys.length));
    }
    statuses.check(api.SessionOptionsAppendExecutionProvider_CUDA_V2(sessionOptions, cuda));
  } finally {
    api.ReleaseCUDAProviderOptions(cuda);
  }
}
