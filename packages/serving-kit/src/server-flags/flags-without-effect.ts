import { integer, path, toggle } from "../flag-kinds.js";
import type { Flag } from "../flags.js";

/** A flag of TF Serving that is accepted but has no effect here. */
export interface FlagWithoutEffect<T> extends Flag<T> {
  /** Why the flag has no effect, as a clause. */
  readonly reason: string;
  /** The value that matches the server's behavior. Setting it causes no warning. */
  readonly standing?: T;
}

const count = (reason: string): FlagWithoutEffect<number | undefined> => {
  const help = `No effect: ${reason}.`;
  return { ...integer("count", undefined, [-(2 ** 31), 2 ** 31 - 1], help), reason };
};

const file = (reason: string): FlagWithoutEffect<string> => ({
  ...path("file", `No effect: ${reason}.`),
  ...{ reason, standing: "" },
});

const standing = (value: boolean, reason: string): FlagWithoutEffect<boolean> => ({
  ...toggle(false, `No effect: ${reason}.`),
  ...{ reason, standing: value },
});

/** Flags of `tensorflow_model_server` without effect here. They are accepted so that its command lines work. */
export const flagsWithoutEffect = {
  rest_api_num_threads: count("the event loop reads requests, and models run on other threads"),
  grpc_max_threads: count("the event loop reads requests, and models run on other threads"),
  enable_grpc_healthcheck_service: standing(true, "the gRPC health service is always enabled"),
  enable_profiler: standing(false, "TensorFlow's profiler service is not part of its C library"),
  flush_filesystem_caches: standing(false, "the system reclaims the page cache itself"),
  remove_unused_fields_from_bundle_metagraph: standing(
    true,
    "only the signatures of a SavedModel are kept in memory",
  ),
  xla_cpu_compilation_enabled: standing(false, "use the environment variable TF_XLA_FLAGS instead"),
  xla_gpu_compilation_enabled: standing(false, "use the environment variable TF_XLA_FLAGS instead"),
  thread_pool_factory_config_file: file("TensorFlow's C library creates its own thread pools"),
  skip_initialize_tpu: standing(true, "TPUs are not supported"),
};

/** A warning with the reason for each given flag without effect. */
export function warningsOf(
  given: ReadonlySet<string>,
  values: Readonly<Record<string, unknown>>,
): string[] {
  return Object.entries<FlagWithoutEffect<unknown>>(flagsWithoutEffect).flatMap(([name, flag]) => {
    const isMeant = given.has(name) && !("standing" in flag && values[name] === flag.standing);
    return isMeant ? [`--${name} has no effect: ${flag.reason}`] : [];
  });
}
