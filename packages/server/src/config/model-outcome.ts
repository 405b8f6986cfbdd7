import type { ServingError } from "@serving-kit/core";

/** The outcome of a start or a reload for one model. */
export interface ModelOutcome {
  readonly name: string;
  /** Why no version of the model is available, or a label could not be set. Absent on success. */
  readonly error?: ServingError;
}

/** Options for `reload`: how long to wait for the models. */
export interface ReloadOptions {
  /** Timeout in ms. Default 300,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
