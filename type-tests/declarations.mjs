import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/workspace.mjs";
import { tsc7 } from "./compilers.mjs";

/** The folder of the declarations: below the modules that they import. */
const folder = join(root, "node_modules/.type-tests");

/** Where the programs find the kit: the declarations that users get, not the sources. */
export const paths = {
  "serving-kit": [join(folder, "serving-kit/src/index.d.ts")],
  "@serving-kit/server/lazy": [join(folder, "server/src/lazy.d.ts")],
  "@serving-kit/*": [join(folder, "*/src/index.d.ts")],
};

/** Writes the declarations of `serving-kit` and the packages that it needs. A setup of vitest. */
export default function writeDeclarations() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "tsconfig.json");
  const compilerOptions = {
    noEmit: false,
    noCheck: true, // the step `types` checks
    declaration: true,
    emitDeclarationOnly: true,
    outDir: folder,
    rootDir: join(root, "packages"),
    typeRoots: [join(root, "node_modules/@types")],
    paths: {
      "@serving-kit/server/lazy": [join(root, "packages/server/src/lazy.ts")],
      "@serving-kit/*": [join(root, "packages/*/src/index.ts")],
    },
  };
  const files = [join(root, "packages/serving-kit/src/index.ts")];
  const base = { extends: join(root, "tsconfig.base.json"), compilerOptions, files };
  writeFileSync(config, JSON.stringify(base));
  const { status, stdout } = spawnSync(process.execPath, [tsc7, "-p", config], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the declarations cannot be written:\n${stdout}`);
}
