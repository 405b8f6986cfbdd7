import { createRequire } from "node:module";
import type koffi from "koffi";
import { errors } from "./errors.js";

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
  try {
    return createRequire(import.meta.url)("koffi");
  } catch (error) {
    throw errors.koffiMissing(error);
  }
}
