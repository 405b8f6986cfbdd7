import { messageOf, ServingError } from "@serving-kit/core";

/** The errors of the start and the end of a server and its threads. */
export const lifecycleErrors = {
  serverStarting: () =>
    new ServingError(
      "UNAVAILABLE",
      "SERVER_STARTING",
      "the server is starting: its models are still loading",
    ),

  serverClosing: () =>
    new ServingError("UNAVAILABLE", "SERVER_CLOSING", "the server is shutting down"),

  threadsNotStarted: (cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "THREADS_NOT_STARTED",
      `the threads of the server could not be started: ${messageOf(cause)}`,
      { cause },
    ),

  loopEnded: (exitCode: number, cause: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "LOOP_ENDED",
      `an event loop of the server has ended ${
        cause === undefined ? `with exit code ${exitCode}` : `by an exception: ${messageOf(cause)}`
      }`,
      { cause },
    ),

  platformNotShared: (platform: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PLATFORM_NOT_SHARED",
      `the platform ${platform} cannot be attached: the module of threads.platforms does not have it`,
    ),
};
