import type { LoadContext, Loader } from "./loader.js";

/**
 * Returns a loader with another `load`. Its estimate and probe are those of `loader`, which may be a class instance.
 *
 * @param load Loads with `loader`. If it fails after that, it must dispose the servable (a failed load leaves nothing
 * behind, L4).
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
 * Returns a loader that is created when it is first needed, for instance because it depends on the files of the
 * version. `find` is called once, and again after `find` or a load failed, because the files may have changed.
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
