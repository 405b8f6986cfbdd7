/** The reason why a task was rejected, or left before it had a result. */
export type TaskRejection =
  | "queue-full"
  | "task-too-large"
  | "queue-closed"
  | "aborted"
  | "expired";

/** A batch that has started. Valid only during the callback: copy what you keep. */
export interface StartedBatch {
  /** The sum of the sizes of its tasks, and the size that it is padded to. */
  readonly size: number;
  readonly paddedSize: number;
  readonly startedAtMs: number;
  /** The tasks, or parts of split tasks: the size of each and its time of arrival. */
  readonly entries: readonly { readonly size: number; readonly enqueuedAtMs: number }[];
}

/** An event of a queue, as a union over `kind`. All times are on the scheduler's Clock. */
export type BatchEvent =
  /** A batch ended. */
  | {
      readonly kind: "batch";
      /** The number of tasks and the sum of their sizes. */
      readonly tasks: number;
      readonly size: number;
      /** The size that it was padded to. */
      readonly paddedSize: number;
      /** Wait of its oldest task and run time of the batch, in milliseconds. */
      readonly queueMs: number;
      readonly runMs: number;
      /** The error if the batch failed as a whole. */
      readonly error?: unknown;
      readonly atMs: number;
    }
  /** A task was rejected, or left before it had a result. */
  | {
      readonly kind: "task-rejected";
      readonly because: TaskRejection;
      readonly size: number;
      readonly atMs: number;
    };
