import type { ObservabilityOptions } from "@serving-kit/observability";
import type { TensorflowServingOptions } from "@serving-kit/protocol-tensorflow-serving";
import type { ModelServerOptions as ServerOptions } from "@serving-kit/server";
import type { BuiltIns } from "./built-ins.js";
import type { Plugins } from "./plugins.js";
import { loadSources, type SourceOptions } from "./source-rows.js";

/** Options of the built-in protocols, observers, acquire decorators and sources. */
export interface BuiltInOptions
  extends ObservabilityOptions,
    TensorflowServingOptions,
    SourceOptions {}

/** A built-in protocol, observer or acquire decorator: a row of the table of built-ins. */
export interface PluginRow<P> {
  readonly name: string;
  /** The options of `createModelServer` that the plugin uses. Default none. */
  readonly options?: readonly (keyof BuiltInOptions)[];
  /** Imports and creates the plugin. */
  load(options: BuiltInOptions): Promise<P>;
}

/** The options of a server that contain plugins. */
type PluginOptions = Pick<
  ServerOptions,
  "protocols" | "observers" | "acquireDecorators" | "sourceProviders" | "processor"
>;

/**
 * Creates the built-in plugins from their options, and combines them with the plugins in `added` and `options`.
 * Protocols, observers and decorators come after the built-in ones, source providers before them.
 */
export async function withServerPlugins<O extends PluginOptions & BuiltInOptions>(
  options: O,
  builtIns: BuiltIns,
  added?: Omit<Plugins, "platforms">,
): Promise<Omit<O, keyof BuiltInOptions> & PluginOptions> {
  const { protocols, observers, acquire, sourceProviders, processor } = builtIns;
  const rows = [...protocols, ...observers, ...acquire, ...sourceProviders];
  const ofRows = new Set<string>(rows.flatMap((row) => row.options ?? []));
  const others = Object.entries(options).filter(([name]) => !ofRows.has(name));
  const loaded = <P>(table: readonly PluginRow<P>[]) =>
    Promise.all(table.map((row) => row.load(options)));
  return {
    ...(Object.fromEntries(others) as Omit<O, keyof BuiltInOptions>),
    protocols: joined(await loaded(protocols), added?.protocols, options.protocols),
    observers: joined(await loaded(observers), added?.observers, options.observers),
    processor: options.processor ?? processor,
    acquireDecorators: joined(await loaded(acquire), added?.acquire, options.acquireDecorators),
    sourceProviders: joined(
      added?.sourceProviders,
      options.sourceProviders,
      await loadSources(sourceProviders, options),
    ),
  };
}

/** Concatenates lists. Returns a value that is not a list unchanged, so that the server rejects it. */
function joined<T>(...lists: readonly (readonly T[] | undefined)[]): readonly T[] {
  const given = lists.filter((list) => list !== undefined);
  return given.find((list) => !Array.isArray(list)) ?? given.flat();
}
