/** The parts of a URI such as `s3://bucket/models/digits?region=eu-west-1`. */
export interface StoreUri {
  /** The scheme in lower case. */
  readonly scheme: string;
  readonly bucket: string;
  /** The path without a slash at either end. `""` is the bucket itself. */
  readonly path: string;
  /** The settings of the store in the URI, by name, such as its region. */
  readonly parameters: Readonly<Record<string, string>>;
}

const MAX_LENGTH = 2_048;

/**
 * Parses a URI of a store. Does not decode the path, because keys are not encoded.
 *
 * @param known The names of allowed parameters.
 * @throws TypeError with the expected and the received URI, without credentials and the values of parameters.
 */
export function parseStoreUri(uri: string, known: readonly string[] = []): StoreUri {
  const [, scheme = "", bucket = "", path = "", query] =
    /^([a-z][a-z0-9+.-]*):\/\/([\w][\w.-]{0,254})(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(uri) ?? [];
  const expected = `a URI such as s3://bucket/models/digits`;
  if (bucket === "" || uri.length > MAX_LENGTH) {
    // A URI with a user may contain a password.
    const shown = uri.includes("@") ? `${uri.slice(0, uri.indexOf(":"))}://…@…` : uri.slice(0, 100);
    throw new TypeError(`expected ${expected}, without credentials; got ${shown}`);
  }
  const segments = path.replace(/\/+$/, "").split("/");
  if (path !== "" && !isSafePath(segments.join("/"))) {
    throw new TypeError(`expected ${expected}, without empty or dotted path segments; got ${uri}`);
  }
  const parameters = parseParameters(query, known);
  return { scheme: scheme.toLowerCase(), bucket, path: segments.join("/"), parameters };
}

/** Formats a URI of a store; equal parts give equal URIs. */
export function formatStoreUri({ scheme, bucket, path, parameters }: StoreUri): string {
  const query = new URLSearchParams(Object.entries(parameters).sort()).toString();
  return `${scheme}://${bucket}${path && `/${path}`}${query && `?${query}`}`;
}

/** Returns the URI of a path below another URI. */
export function below(uri: StoreUri, name: string): string {
  return formatStoreUri({ ...uri, path: uri.path === "" ? name : `${uri.path}/${name}` });
}

/** Returns the prefix of all keys below a URI, with its slash. */
export function prefixOf({ path }: StoreUri): string {
  return path === "" ? "" : `${path}/`;
}

/** Returns whether a relative path stays below its base on every system. */
export function isSafePath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const unsafe = /(^|\/)(\.{0,2})(\/|$)|[\\\x00-\x1f]|^[a-z]:/i;
  return path.length <= 1_024 && !unsafe.test(path);
}

function parseParameters(
  query: string | undefined,
  known: readonly string[],
): Readonly<Record<string, string>> {
  const parameters: [string, string][] = [];
  for (const [name, value] of new URLSearchParams(query ?? "")) {
    if (!known.includes(name) || parameters.some(([other]) => other === name)) {
      const names = known.length > 0 ? `each of ${known.join(", ")} at most once` : "none";
      throw new TypeError(`expected parameters of the URI: ${names}; got ${name.slice(0, 40)}`);
    }
    parameters.push([name, value]);
  }
  return Object.fromEntries(parameters);
}
