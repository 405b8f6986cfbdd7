/** A Python package that carries a library, for one platform. */
export interface Wheel {
  /** Its name for pip. */
  readonly package: string;
  /** pip's names of the platform, newest first. */
  readonly platforms: readonly string[];
}

/** The Python whose wheels are taken; the libraries in them do not depend on it. */
export const WHEEL_PYTHON = "3.11";
