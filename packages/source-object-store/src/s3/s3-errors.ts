import { messageOf } from "@serving-kit/core";
import { errors } from "../errors.js";

/** The names of credential errors, with any status. */
const DENIED =
  /^(CredentialsProviderError|ProviderError|TokenProviderError|Expired\w*|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|AccessDenied|Forbidden|RequestTimeTooSkewed|NoSuchKeyPair)$/;

/**
 * Translates an error of the client: see OJ5 and OJ8 of `ObjectStore`.
 *
 * Its cause has only the name, the message and the stack, because the client's own errors contain the request with
 * its signature.
 */
export function s3Error(uri: string, error: unknown): Error {
  const { name = "Error", $metadata } = (error ?? {}) as {
    readonly name?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  const cause = cleanCause(error, name);
  const problem = `${name}: ${cause.message}`;
  if (name === "NoSuchBucket" || (status === 404 && uri.endsWith("/")))
    return errors.bucketNotFound(uri, cause);
  if (status === 404 || name === "NoSuchKey") return errors.objectNotFound(uri, cause);
  if (status === 412 || name === "PreconditionFailed") return errors.objectChanged(uri, cause);
  if (status === 401 || status === 403 || DENIED.test(name)) {
    return errors.accessDenied(uri, problem, cause);
  }
  return errors.storeUnavailable(uri, problem, cause);
}

function cleanCause(error: unknown, name: string): Error {
  const cause = new Error(messageOf(error));
  cause.name = name;
  if (error instanceof Error && error.stack) cause.stack = error.stack;
  return cause;
}
