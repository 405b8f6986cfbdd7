import type { StoreUri } from "../store-uri.js";

/** The parameters that an `s3://` URI may have, such as `s3://bucket/models?endpoint=http://minio:9000`. */
export const S3_PARAMETERS: readonly string[] = ["endpoint", "region", "path_style"];

/** The environment variables of the process by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The connection settings for the S3 store of a URI. */
export interface S3Settings {
  /** Undefined for AWS. */
  readonly endpoint: string | undefined;
  /** Undefined to use the client's own chain. */
  readonly region: string | undefined;
  /** True if the bucket name is in the path, not in the host name. */
  readonly forcePathStyle: boolean;
}

/**
 * Returns the connection settings for the S3 store of a URI, from its parameters, else from the environment:
 * `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or `S3_ENDPOINT` with `S3_USE_HTTPS` as in TF Serving; `AWS_REGION`,
 * `AWS_DEFAULT_REGION` or `S3_REGION`; `S3_USE_PATH_STYLE`. With an endpoint, path style is the default, and the
 * region does not matter.
 *
 * @throws TypeError if the endpoint is not a URL or has credentials.
 */
export function s3Settings({ parameters }: StoreUri, environment: Environment): S3Settings {
  const endpoint = checkEndpoint(parameters.endpoint || endpointOf(environment));
  const { AWS_REGION, AWS_DEFAULT_REGION, S3_REGION, S3_USE_PATH_STYLE } = environment;
  const region =
    parameters.region || AWS_REGION || AWS_DEFAULT_REGION || S3_REGION || (endpoint && "us-east-1");
  const isPathStyle = parameters.path_style || S3_USE_PATH_STYLE;
  const forcePathStyle = isPathStyle ? isTrue(isPathStyle) : endpoint !== undefined;
  return { endpoint, region: region || undefined, forcePathStyle };
}

function endpointOf(environment: Environment): string | undefined {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, S3_ENDPOINT, S3_USE_HTTPS } = environment;
  const url = AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL;
  if (url || !S3_ENDPOINT) return url || undefined;
  if (/^https?:/.test(S3_ENDPOINT)) return S3_ENDPOINT;
  return `${isTrue(S3_USE_HTTPS || "1") ? "https" : "http"}://${S3_ENDPOINT}`;
}

function checkEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (isHttp && url.username === "" && url.password === "") return endpoint;
  const got = url?.password || url?.username ? "one with credentials" : endpoint;
  throw new TypeError(`expected an endpoint such as https://minio.example:9000; got ${got}`);
}

const isTrue = (value: string) => /^(1|true|yes|on)$/i.test(value);
