/** Whether the files of a version are all there, so that it can be loaded. */
export type Completeness = CompleteFiles | IncompleteFiles;

/** The files of a version are all there. */
export interface CompleteFiles {
  readonly isComplete: true;
  /** The findings of the check about the files. A source passes them on as `StoragePath.found`. */
  readonly found?: unknown;
}

/** The files of a version are not all there. */
export interface IncompleteFiles {
  readonly isComplete: false;
  /** The reason as a clause, such as `variables/variables.index is missing`. */
  readonly problem: string;
  /** The remedy, as a clause, if it is not to copy the files again. */
  readonly remedy?: string | undefined;
}

/** The answer for files that are all there. */
export const COMPLETE: CompleteFiles = { isComplete: true };

/** Makes the answer for files that are not all there. */
export function incomplete(problem: string, remedy?: string): IncompleteFiles {
  return { isComplete: false, problem, remedy };
}

/** Checks what a platform answered. @throws TypeError that says what was expected and got. */
export function checkCompleteness(answer: unknown): asserts answer is Completeness {
  const { isComplete, problem } = (answer ?? {}) as Record<string, unknown>;
  if (isComplete === true || (isComplete === false && typeof problem === "string")) return;
  const got = typeof answer === "object" ? JSON.stringify(answer) : String(answer);
  throw new TypeError(
    `isComplete must answer { isComplete: true } or { isComplete: false, problem: string }; got ${got}`,
  );
}
