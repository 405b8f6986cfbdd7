import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { SourceProvider } from "@serving-kit/core";
import type { Platform, PlatformFactory } from "@serving-kit/inference";
import type { AcquireDecorator, Observer, Protocol } from "@serving-kit/server";
import { errors } from "./errors.js";
import type { Flag } from "./flags.js";
import type { PlatformRow } from "./platforms/platform-row.js";

/** The plugins exported by modules. */
export interface Plugins {
  readonly platforms: readonly Platform[];
  readonly protocols: readonly Protocol[];
  readonly sourceProviders: readonly SourceProvider[];
  readonly observers: readonly Observer[];
  readonly acquire: readonly AcquireDecorator[];
}

const plugins: Flag<readonly string[]> = {
  placeholder: "module,…",
  fallback: [],
  help: "Paths or package names of modules with plugins. A module exports platforms, protocols, sourceProviders, observers or acquire. May be repeated.",
  expected: "comma-separated paths or names of modules",
  parse: (value) => value.split(",").filter((name) => name !== ""),
  join: (before, next) => [...before, ...next],
};

/** The module that other event loops import. It is next to this module, both in the sources and in `dist`. */
export const threadModule = (): URL =>
  new URL(`./thread-plugins.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** The kinds of plugins that are loaded in every event loop. */
type LoopKind = "protocols" | "observers" | "acquire";

/** The property that tells another event loop where to find a plugin. */
export interface PluginPlace {
  readonly module: string;
  readonly kind: LoopKind;
  readonly name: string;
}

/** The flag of every command that supports plugins. */
export const pluginFlags = { plugins };

/** The validation of a kind of plugin. */
interface Kind<K extends keyof Plugins> {
  /** A description of a valid plugin, for error messages. */
  readonly expected: string;
  /** Returns the value as a plugin; undefined if it is not one. */
  read(value: unknown): Plugins[K][number] | undefined;
}

const KINDS: { readonly [K in keyof Plugins]: Kind<K> } = {
  platforms: { expected: "a platform, as definePlatform makes it", read: platformOf },
  protocols: {
    expected: "a protocol with name, apis, and http or grpc",
    read: objectWith<Protocol>(
      ({ name, apis, http, grpc }) =>
        isName(name) && Array.isArray(apis) && (isFn(http) || isFn(grpc)),
    ),
  },
  sourceProviders: {
    expected: "a source provider with schemes and create",
    read: objectWith<SourceProvider>(
      ({ schemes, create }) =>
        Array.isArray(schemes) && schemes.length > 0 && schemes.every(isName) && isFn(create),
    ),
  },
  observers: {
    expected: "an observer with name and observe",
    read: objectWith<Observer>(({ name, observe }) => isName(name) && isFn(observe)),
  },
  acquire: {
    expected: "an acquire decorator with name and decorate",
    read: objectWith<AcquireDecorator>(({ name, decorate }) => isName(name) && isFn(decorate)),
  },
};

/**
 * Imports modules and returns their plugins. A module exports each kind of plugin under the name of the kind: a
 * plugin, an array of plugins, or a function that returns one of these or a promise of it.
 *
 * @param names Paths relative to the working directory, or names of packages installed there.
 * @throws ServingError NOT_FOUND / PLUGIN_NOT_FOUND; FAILED_PRECONDITION / PLUGIN_FAILED if importing a module
 * or calling its export throws; INVALID_ARGUMENT / PLUGIN_INVALID for any other export.
 */
export async function readPlugins(names: readonly string[]): Promise<Plugins> {
  const modules = await Promise.all(
    names.map(async (name) => ({ name, exports: await importModule(name) })),
  );
  for (const { name, exports } of modules) {
    const known = Object.keys(KINDS);
    const isPlugin = known.some((kind) => Object.hasOwn(exports, kind));
    if (!isPlugin) throw errors.pluginExportMissing(name, known, Object.keys(exports).sort());
  }
  const all = async <K extends keyof Plugins>(kind: K) => {
    const lists = modules.map(({ name, exports }) => readExport(name, kind, exports[kind]));
    return (await Promise.all(lists)).flat();
  };
  const inLoops = async <K extends LoopKind>(kind: K) => {
    const lists = modules.map(async ({ name: module, exports }) => {
      const plugins = await readExport(module, kind, exports[kind]);
      for (const plugin of plugins) share(plugin, { module, kind, name: plugin.name });
      return plugins;
    });
    return (await Promise.all(lists)).flat();
  };
  return {
    platforms: await all("platforms"),
    protocols: await inLoops("protocols"),
    sourceProviders: await all("sourceProviders"),
    observers: await inLoops("observers"),
    acquire: await inLoops("acquire"),
  };
}

/** A table with the platforms of modules first. They replace rows with the same name: see `readPlugins`. */
export async function withPlugins(
  rows: readonly PlatformRow[],
  names: readonly string[],
): Promise<readonly PlatformRow[]> {
  return withPlatforms(rows, (await readPlugins(names)).platforms);
}

/** A table with further platforms first. They replace rows with the same name. */
export function withPlatforms(
  rows: readonly PlatformRow[],
  platforms: readonly Platform[],
): readonly PlatformRow[] {
  const added = platforms.map(
    (platform): PlatformRow => ({ name: platform.platformName, load: async () => platform }),
  );
  const isReplaced = ({ name }: PlatformRow) => added.some((row) => row.name === name);
  return [...added, ...rows.filter((row) => !isReplaced(row))];
}

/**
 * Marks a plugin with its location for other event loops, unless it is marked. Frozen plugins stay in one event loop.
 */
function share(plugin: Protocol | Observer | AcquireDecorator, place: PluginPlace): void {
  if (plugin.module !== undefined || !Object.isExtensible(plugin)) return;
  const module = { url: threadModule(), exportName: "plugin", options: place };
  Object.defineProperty(plugin, "module", { value: module, configurable: true });
}

async function importModule(name: string): Promise<Record<string, unknown>> {
  const path = pathOf(name);
  await access(path).catch((error) => {
    throw errors.pluginNotFound(name, error);
  });
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw errors.pluginFailed(name, error);
  }
}

/** Resolves a path or package name to a module file, from the working directory. */
function pathOf(name: string): string {
  const isPath = /^\.{1,2}[/\\]|\.[cm]?[jt]s$/.test(name) || isAbsolute(name);
  if (isPath) return resolve(name);
  try {
    return createRequire(join(process.cwd(), "_")).resolve(name);
  } catch (error) {
    throw errors.pluginNotFound(name, error);
  }
}

/**
 * Returns the plugins of an export of a module.
 *
 * @throws ServingError PLUGIN_FAILED or PLUGIN_INVALID as `readPlugins` does.
 */
export async function readExport<K extends keyof Plugins>(
  module: string,
  kind: K,
  exported: unknown,
): Promise<Plugins[K][number][]> {
  const { expected, read } = KINDS[kind];
  // Platforms are functions too.
  const isMaker = typeof exported === "function" && read(exported) === undefined;
  let made = exported;
  try {
    if (isMaker) made = await exported();
  } catch (error) {
    throw errors.pluginFailed(`${kind} of ${module}`, error);
  }
  if (made === undefined && !isMaker) return [];
  const values: unknown[] = Array.isArray(made) ? made : [made];
  return values.map((value, i) => {
    const plugin = read(value);
    if (plugin !== undefined) return plugin;
    const place = Array.isArray(made) ? `${kind}[${i}]` : kind;
    throw errors.pluginInvalid(module, place, expected, value);
  });
}

function platformOf(value: unknown): Platform | undefined {
  const { platformName, loader } = (value ?? {}) as Partial<Platform>;
  if (typeof platformName !== "string") return undefined;
  if (typeof loader === "function") return value as Platform;
  return typeof value === "function" ? (value as PlatformFactory)() : undefined;
}

/** Returns a function that accepts objects with the given members. */
function objectWith<T extends object>(isPlugin: (value: Partial<T>) => boolean) {
  return (value: unknown): T | undefined => {
    const isObject = typeof value === "object" && value !== null;
    return isObject && isPlugin(value) ? (value as T) : undefined;
  };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isFn(value: unknown): boolean {
  return typeof value === "function";
}
