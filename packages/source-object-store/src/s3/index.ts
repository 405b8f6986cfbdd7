/**
 * Models from S3 and S3-compatible stores, with the vendor's client.
 *
 * @packageDocumentation
 */
import type { SourceProvider } from "@serving-kit/core";
import type { ObjectStoreOptions } from "../object-store-options.js";
import { objectStore } from "../object-store-provider.js";
import { S3_PARAMETERS } from "./s3-settings.js";
import { openS3 } from "./s3-store.js";

export { openS3 } from "./s3-store.js";

/** Options for `s3`: those of `objectStore` that the store itself does not set. */
export type S3Options = Omit<ObjectStoreOptions, "schemes" | "parameters" | "open">;

/**
 * Makes the provider of `s3://bucket/path`, with the parameters `endpoint`, `region` and `path_style`, or their
 * environment variables. Needs `@aws-sdk/client-s3`, which is imported before the first listing.
 */
export function s3(options: S3Options): SourceProvider {
  return objectStore({
    ...options,
    schemes: ["s3"],
    parameters: S3_PARAMETERS,
    open: (uri) => openS3(uri),
  });
}
