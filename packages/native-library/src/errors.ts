import { messageOf, ServingError } from "@serving-kit/core";

/** One place where a library was searched for, and the outcome. */
export interface Attempt {
  /** The place in words, such as `environment variable SERVING_KIT_TFLITE_LIBRARY`. */
  readonly origin: string;
  /** The outcome, such as `is not set`. */
  readonly outcome: string;
}

const listing = (attempts: readonly Attempt[]) =>
  attempts.map(({ origin, outcome }) => `\n  - ${origin}: ${outcome}`).join("");

/** Error factories of this package, one per reason. */
export const errors = {
  libraryMissing: (name: string, attempts: readonly Attempt[], remedy: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "NATIVE_LIBRARY_MISSING",
      `no ${name} library for ${process.platform}-${process.arch} was found; ${remedy}. Tried:${listing(attempts)}`,
      { details: { library: name, attempts } },
    ),

  libraryIncompatible: (name: string, path: string, problem: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "NATIVE_LIBRARY_INCOMPATIBLE",
      `the ${name} library ${path} cannot be used: ${problem}`,
      { details: { library: name, path } },
    ),

  libraryConflict: (name: string, open: string, wanted: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "NATIVE_LIBRARY_CONFLICT",
      `${name} is open from ${open}, and a process can hold only one; got ${wanted}. Use the same path everywhere`,
      { details: { library: name, open, wanted } },
    ),

  koffiMissing: (cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "KOFFI_MISSING",
      `native libraries cannot be called on ${process.platform}-${process.arch}: ${messageOf(cause)}. Install the package koffi with its optional dependencies (npm install --include=optional), and leave it out of bundles`,
      { cause },
    ),

  installFailed: (title: string, problem: string, remedy: string, cause?: unknown) =>
    new ServingError(
      "UNAVAILABLE",
      "INSTALL_FAILED",
      `${title} could not be installed: ${problem}. ${remedy}`,
      { cause },
    ),

  canaryKilled: (what: string, how: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CANARY_KILLED",
      `${what} killed the process that tried it first (${how}); it was not loaded here`,
      { details: { how } },
    ),

  canaryTimedOut: (what: string, timeoutMs: number) =>
    new ServingError(
      "DEADLINE_EXCEEDED",
      "CANARY_TIMED_OUT",
      `${what} was not loaded: its canary process did not finish within ${timeoutMs} ms. Raise canary.timeoutMs if it is only slow`,
      { details: { timeoutMs } },
    ),

  canaryFailed: (what: string, cause: unknown) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "CANARY_FAILED",
      `${what} failed in the process that tried it first: ${messageOf(cause)}`,
      { cause },
    ),
};
