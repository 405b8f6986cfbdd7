import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Plugin } from "@serving-kit/server";

/** Asserts that a plugin has a name, and that its module, if it has one, exports it. */
export async function assertModule(plugin: Plugin): Promise<void> {
  const { name, module } = plugin;
  assert.ok(typeof name === "string" && name !== "", `expected a name; got ${name}`);
  if (module === undefined) return;
  const { url, exportName = "default", options } = module;
  const posted = structuredClone(options);
  assert.ok(isDeepStrictEqual(posted, options), "expected options that survive structuredClone");
  const exported = ((await import(String(url))) as Record<string, unknown>)[exportName];
  const made: unknown = typeof exported === "function" ? await exported(posted) : exported;
  const candidates: readonly (Partial<Plugin> | undefined)[] = Array.isArray(made) ? made : [made];
  const names = candidates.map((one) => one?.name);
  assert.ok(names.includes(name), `expected ${exportName} of ${url} to be ${name}; got ${names}`);
}
