import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

// A module to preload: `node --import=…/scripts/plain-typescript.mjs PROGRAM.ts` runs TypeScript as the build would, on the
// built packages of the workspace. tsx, which runs the sources, keeps the names of functions, so that each closure costs
// many times as much, and it makes V8 collect garbage more often.
//
// Worker threads of built packages are JavaScript, and need no loader.
if (isMainThread) register("./plain-typescript-hooks.mjs", import.meta.url);
