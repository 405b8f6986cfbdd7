import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** @type {ts.CompilerOptions} */
const compilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  verbatimModuleSyntax: true,
};

/**
 * Resolves the `.js` that a module in TypeScript imports to the `.ts` beside it.
 *
 * @type {import("node:module").ResolveHook}
 */
export const resolve = async (specifier, context, nextResolve) => {
  const isOwn = /^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith(".ts");
  return await nextResolve(isOwn ? specifier.replace(/js$/, "ts") : specifier, context);
};

/**
 * Removes the types of a module.
 *
 * @type {import("node:module").LoadHook}
 */
export const load = async (url, context, nextLoad) => {
  if (!url.endsWith(".ts")) return await nextLoad(url, context);
  const text = await readFile(fileURLToPath(url), "utf8");
  const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: url });
  return { format: "module", source: outputText, shortCircuit: true };
};
