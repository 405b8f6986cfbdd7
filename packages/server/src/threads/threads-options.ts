/** How the event loops of a model server are made. */
export interface ThreadsOptions {
  /** How many event loops answer requests, each in a worker thread; 1 is the app's own loop. */
  readonly count: number;
  /**
   * The URL of a module with an export `platforms`, an array of platforms or a function that gives one,
   * for the loops to import: a predictor whose platform is among them and that can be shared
   * (`Platform.attach`) runs in each loop. The calls of all others go to the main thread. Default none.
   */
  readonly platforms?: URL | string | undefined;
  /**
   * Makes a bound TCP socket that shares its port, and gives its file descriptor, for versions of Node
   * that cannot (before 22.12): `reusePortSocket` of `@serving-kit/native-library`. Default none.
   */
  readonly reusePortSocket?:
    | ((address: { readonly host: string; readonly port: number }) => number)
    | undefined;
}
