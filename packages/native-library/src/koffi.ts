import { createRequire } from "node:module";
import type koffi from "koffi";
import { errors } from "./errors.js";
import { isGlibcNode } from "./glibc-node.js";

let loaded: typeof koffi | undefined;

/**
 * Returns the library that calls C functions. It is loaded when native code is first needed: its binary is a separate
 * package for each platform, and programs that serve only JavaScript models can omit it.
 *
 * @throws ServingError FAILED_PRECONDITION / KOFFI_MISSING.
 */
export function loadKoffi(): typeof koffi {
  loaded ??= requireKoffi();
  return loaded;
}

function requireKoffi(): typeof koffi {
  const require = createRequire(import.meta.url);
  try {
    return requireBinary(require) ?? require("koffi");
  } catch (error) {
    throw errors.koffiMissing(error);
  }
}

/**
 * Loads koffi's binary without the JavaScript around it, which adds only deprecated functions and takes twice as long
 * to load. Returns undefined if the binary is not where koffi 3 keeps it, or if Node is built for another C library.
 */
function requireBinary(require: NodeJS.Require): typeof koffi | undefined {
  const { platform, arch } = process;
  if (platform === "linux" && !isGlibcNode()) return undefined;
  const requireFromKoffi = createRequire(require.resolve("koffi"));
  try {
    const binary = requireFromKoffi(
      `@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`,
    );
    return typeof binary.load === "function" ? binary : undefined;
  } catch {
    return undefined;
  }
}
