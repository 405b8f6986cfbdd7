import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { errors } from "../errors.js";

/** The vendor's client. */
export type S3Sdk = typeof import("@aws-sdk/client-s3");

const PACKAGE = "@aws-sdk/client-s3";

let loading: Promise<S3Sdk> | undefined;

/**
 * Imports the vendor's client, from where this package is installed or from the working directory.
 *
 * @throws ServingError FAILED_PRECONDITION / STORE_CLIENT_MISSING with the command that installs it.
 */
export function loadSdk(): Promise<S3Sdk> {
  loading ??= importSdk().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function importSdk(): Promise<S3Sdk> {
  try {
    return await import("@aws-sdk/client-s3");
  } catch (error) {
    const path = pathInWorkingDirectory();
    if (path !== undefined) return import(pathToFileURL(path).href);
    throw errors.clientMissing("s3://", `npm install ${PACKAGE}`, error);
  }
}

function pathInWorkingDirectory(): string | undefined {
  try {
    return createRequire(join(process.cwd(), "_")).resolve(PACKAGE);
  } catch {
    return undefined;
  }
}
