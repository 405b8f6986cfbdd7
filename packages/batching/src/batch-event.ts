/** Why a task was turned away, or left before it had a result. */
export type TurnedAway = "queue-full" | "task-too-large" | "queue-closed" | "aborted" | "expired";

/** What happens in a queue, as a union over `kind`. All times are on the scheduler's Clock. */
export type BatchEvent =
  /** A batch ended. */
  | {
      readonly kind: "batch";
      /** The number of tasks and the sum of their sizes. */
      readonly tasks: number;
      readonly size: number;
      /** The size it was padded to. */
      readonly paddedSize: number;
      /** How long its oldest task had waited, and how long the batch ran, in milliseconds. */
      readonly queueMs: number;
      readonly runMs: number;
      /** Why the batch failed as a whole. */
      readonly error?: unknown;
      readonly atMs: number;
    }
  /** A task was turned away, or left before it had a result. */
  | {
      readonly kind: "task-rejected";
      readonly because: TurnedAway;
      readonly size: number;
      readonly atMs: number;
    };
