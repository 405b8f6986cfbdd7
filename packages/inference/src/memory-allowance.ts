/** The memory that one request may take. A decoder takes from it before it makes objects. */
export interface MemoryAllowance {
  /**
   * Takes bytes, before they are allocated.
   *
   * @throws ServingError that refuses the request.
   */
  take(bytes: number): void;
}

/** The allowance without a limit. */
export const UNLIMITED_MEMORY: MemoryAllowance = { take() {} };

/**
 * The memory of JavaScript objects in bytes, as decoders count them: rounded up from measurements of V8, with what
 * refers to them.
 */
export const OBJECT_BYTES = {
  /** A string element: a view of bytes. */
  view: 128,
  /** A short text, such as a name. */
  text: 64,
  /** An entry of a map with its key and value. */
  entry: 256,
} as const;
