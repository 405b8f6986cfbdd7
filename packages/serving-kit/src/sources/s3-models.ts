import { homedir } from "node:os";
import { join } from "node:path";
import { type SourceProvider, withoutUndefined } from "@serving-kit/core";
import { s3 } from "@serving-kit/source-object-store/s3";
import type { SourceOptions } from "../source-rows.js";

/** The default folder for versions from buckets. */
export function modelCacheDir(): string {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(caches, "serving-kit", "models");
}

/** The provider of models in S3. */
export function s3Models({ modelCache, readyMarker }: SourceOptions): SourceProvider {
  // Hides the SDK's warning about the Node version, which is not useful to users of a server.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  return s3({
    cache: { dir: modelCacheDir(), ...withoutUndefined(modelCache ?? {}) },
    ...(readyMarker !== undefined && { readyMarker }),
  });
}
