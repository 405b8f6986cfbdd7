/** A Python package that contains a library, for one platform. */
export interface Wheel {
  /** The package's name for pip. */
  readonly package: string;
  /** pip's names of the platform, newest first. */
  readonly platforms: readonly string[];
}

/** The Python version of the wheels; the libraries in them do not depend on it. */
export const WHEEL_PYTHON = "3.11";
