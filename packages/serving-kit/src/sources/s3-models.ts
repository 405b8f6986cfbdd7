import { homedir } from "node:os";
import { join } from "node:path";
import { type SourceProvider, withoutUndefined } from "@serving-kit/core";
import { s3 } from "@serving-kit/source-object-store/s3";
import type { SourceOptions } from "../source-rows.js";

/** The folder that versions from buckets are kept in, if the user has named none. */
export function modelCacheDir(): string {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(caches, "serving-kit", "models");
}

/** The provider of models in S3. */
export function s3Models({ modelCache, readyMarker }: SourceOptions): SourceProvider {
  // The client's own word about Node's version, which is not for the users of a server.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  return s3({
    cache: { dir: modelCacheDir(), ...withoutUndefined(modelCache ?? {}) },
    ...(readyMarker !== undefined && { readyMarker }),
  });
}
