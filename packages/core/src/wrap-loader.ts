import type { LoadContext, Loader } from "./loader.js";

/**
 * A loader with another `load`; its estimate and its probe are those of `loader`, which may be an
 * instance of a class.
 *
 * @param load Loads by way of `loader`, and disposes what it loaded if it then fails (clause L4).
 */
export function wrapLoader<S, T = S>(
  loader: Loader<S>,
  load: (context: LoadContext) => Promise<T>,
): Loader<T> {
  return {
    ...(loader.estimateResources && {
      estimateResources: async () => loader.estimateResources?.() ?? {},
    }),
    ...(loader.probe && { probe: async (context) => loader.probe?.(context) }),
    load,
  };
}

/**
 * A loader that is found when it is first needed, such as one that depends on the files of the version.
 * `find` is called once, and again after it or a load failed, since the files may have changed by then.
 */
export function lateLoader<S>(find: () => Promise<Loader<S>>): Loader<S> {
  let found: Promise<Loader<S>> | undefined;
  const forget = (error: unknown): never => {
    found = undefined;
    throw error;
  };
  const loader = () => {
    found ??= find().catch(forget);
    return found;
  };
  return {
    estimateResources: async () => (await (await loader()).estimateResources?.()) ?? {},
    probe: async (context) => (await loader()).probe?.(context),
    load: async (context) => (await loader()).load(context).catch(forget),
  };
}
