/** The memory that one request may use. A decoder takes from the allowance before it makes objects. */
export interface MemoryAllowance {
  /**
   * Takes bytes; call it before they are allocated.
   *
   * @throws ServingError that rejects the request.
   */
  take(bytes: number): void;
}

/** An allowance without a limit. */
export const UNLIMITED_MEMORY: MemoryAllowance = { take() {} };

/**
 * The memory of JavaScript objects in bytes, as decoders count it: rounded up from measurements of V8, including the
 * reference to the object.
 */
export const OBJECT_BYTES = {
  /** A string element: a view of bytes. */
  view: 128,
  /** A short string, such as a name. */
  text: 64,
  /** An entry of a map with its key and value. */
  entry: 256,
} as const;
