import { messageOf, ServingError } from "@serving-kit/core";
import { RERUN_SINGLY } from "@serving-kit/inference";
import type { LoadFailure } from "./protocol/worker-protocol.js";

/** Returns the last line of a trace, for a message. */
const lastLine = (trace: string) => trace.trimEnd().split("\n").at(-1) ?? "";

/** The errors of this package, one factory for each reason. */
export const errors = {
  optionInvalid: (name: string, expected: string, received: unknown) =>
    new ServingError(
      "INVALID_ARGUMENT",
      "PYTHON_OPTIONS_INVALID",
      `python: option ${name}: expected ${expected}; got ${JSON.stringify(received) ?? String(received)}`,
    ),

  interpreterMissing: (tried: string, problem: string) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PYTHON_NOT_FOUND",
      `expected a Python interpreter at ${tried}; ${problem}. Install Python 3.9 or newer, or name one by the ` +
        "option interpreter or VIRTUAL_ENV",
    ),

  systemUnsupported: () =>
    new ServingError(
      "UNIMPLEMENTED",
      "PYTHON_UNSUPPORTED",
      "expected Linux or macOS to run Python models; got Windows. Run the server in WSL or in a container",
    ),

  moduleMissing: (path: string, problem: string) =>
    new ServingError(
      "NOT_FOUND",
      "MODEL_FILE_MISSING",
      `expected a Python module at ${path}; ${problem}; copy it there, or correct the path`,
      { details: { path, problem } },
    ),

  moduleFailed: (path: string, { text, trace, unmet }: LoadFailure) =>
    new ServingError(
      "FAILED_PRECONDITION",
      "PYTHON_MODULE_FAILED",
      `${path}: loading the model failed: ${text || lastLine(trace)}${
        unmet.length > 0
          ? `. Its requirements.txt names what this Python does not have. Run: pip install ${unmet.map((line) => `'${line}'`).join(" ")}`
          : ""
      }`,
      { details: { path, unmet } },
    ),

  moduleUnfit: (path: string, problem: string) =>
    new ServingError("INVALID_ARGUMENT", "PYTHON_MODULE_UNFIT", `${path}: ${problem}`, {
      details: { path },
    }),

  startTimedOut: (path: string, timeoutMs: number, tail: string) =>
    new ServingError(
      "UNAVAILABLE",
      "PYTHON_START_TIMED_OUT",
      `${path}: the Python process was not ready within ${timeoutMs} ms and was killed${tail}. Raise start_timeout_ms ` +
        "if loading the model is only slow",
    ),

  startEnded: (path: string, ending: string) =>
    new ServingError(
      "UNAVAILABLE",
      "PYTHON_WORKER_DIED",
      `${path}: the Python process ${ending} before the model was loaded`,
    ),

  workerDied: (model: string, ending: string) =>
    new ServingError(
      "UNAVAILABLE",
      "PYTHON_WORKER_DIED",
      `${model}: the Python process that ran the call ${ending}. Another one is started; if the same inputs end it ` +
        "again, correct the model",
      { details: { rerun: RERUN_SINGLY } },
    ),

  noWorker: (model: string, ending: string, waitMs: number) =>
    new ServingError(
      "UNAVAILABLE",
      "PYTHON_NO_WORKER",
      `${model}: no Python process runs; the last one ${ending}. The next start is in ${Math.ceil(waitMs / 1000)} s`,
    ),

  modelThrew: (text: string, trace: string | undefined) =>
    new ServingError("INTERNAL", "MODEL_THREW", `predict of the model threw: ${text}`, {
      cause: Object.assign(new Error(text), trace === undefined ? {} : { stack: trace }),
    }),

  outputUnfit: (problem: string) =>
    new ServingError(
      "INTERNAL",
      "OUTPUT_INVALID",
      `the model returned no valid outputs: ${problem}`,
    ),

  answerUnreadable: (cause: unknown) =>
    new ServingError(
      "INTERNAL",
      "OUTPUT_INVALID",
      `expected the model to answer with JSON that has predictions or outputs; got a body that cannot be read: ${messageOf(cause)}`,
      { cause },
    ),
};
