import module from "node:module";
import { join } from "node:path";
import { cacheFolder } from "@serving-kit/native-library/cache-folder";

/** The part of `node:module` that Node has since 22.8. */
interface CompileCache {
  enableCompileCache?(folder: string): unknown;
}

/**
 * Keeps compiled modules below the cache folder, so that the next start of the command compiles nothing. Does nothing before Node 22.8, or if the folder cannot be written.
 * NODE_DISABLE_COMPILE_CACHE=1 disables it. The folder is the user's own, because Node trusts the code in it.
 */
export function cacheCompiledModules(): void {
  (module as CompileCache).enableCompileCache?.(join(cacheFolder(), "compiled"));
}
