/** The result of a completeness check: a version is loaded once its files are complete. */
export type Completeness = CompleteFiles | IncompleteFiles;

/** The files of a version are complete. */
export interface CompleteFiles {
  readonly isComplete: true;
  /** The findings of the check about the files. A source passes them on in `StoragePath.found`. */
  readonly found?: unknown;
}

/** The files of a version are not complete. */
export interface IncompleteFiles {
  readonly isComplete: false;
  /** The reason, as a clause such as `variables/variables.index is missing`. */
  readonly problem: string;
  /** The remedy, as a clause. Default: copy the files again. */
  readonly remedy?: string | undefined;
}

/** The result for complete files. */
export const COMPLETE: CompleteFiles = { isComplete: true };

/** Makes the result for files that are not complete. */
export function incomplete(problem: string, remedy?: string): IncompleteFiles {
  return { isComplete: false, problem, remedy };
}

/** Checks the result of a platform. @throws TypeError with the expected and the received value. */
export function checkCompleteness(answer: unknown): asserts answer is Completeness {
  const { isComplete, problem } = (answer ?? {}) as Record<string, unknown>;
  if (isComplete === true || (isComplete === false && typeof problem === "string")) return;
  const got = typeof answer === "object" ? JSON.stringify(answer) : String(answer);
  throw new TypeError(
    `isComplete must return { isComplete: true } or { isComplete: false, problem: string }; got ${got}`,
  );
}
