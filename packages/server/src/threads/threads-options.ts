/** Options for the event loops of a model server. */
export interface ThreadsOptions {
  /** Number of event loops that serve requests, each in a worker thread. 1 uses the app's own loop. */
  readonly count: number;
  /**
   * The URL of a module for the loops to import. Its export `platforms` is an array of platforms, or a function that
   * returns one. A predictor that can be shared (`Platform.attach`) and whose platform is in the array runs in each
   * loop. The calls of all others are forwarded to the main thread. Default none.
   */
  readonly platforms?: URL | string | undefined;
  /**
   * Opens a bound TCP socket that shares its port, and returns its file descriptor, for versions of Node that cannot
   * (before 22.12): `reusePortSocket` of `@serving-kit/native-library`. Default none.
   */
  readonly reusePortSocket?:
    | ((address: { readonly host: string; readonly port: number }) => number)
    | undefined;
}
