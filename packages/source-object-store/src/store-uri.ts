/** The parts of a URI such as `s3://bucket/models/digits?region=eu-west-1`. */
export interface StoreUri {
  /** In lower case. */
  readonly scheme: string;
  readonly bucket: string;
  /** The path without a slash at either end. `""` is the bucket itself. */
  readonly path: string;
  /** The settings of the store in the URI, by name, such as its region. */
  readonly parameters: Readonly<Record<string, string>>;
}

const MAX_LENGTH = 2_048;

/**
 * Parses a URI of a store. A path is taken as it stands: keys are not encoded.
 *
 * @param known The names of the parameters that it may have.
 * @throws TypeError that says what was expected and got, without what follows the bucket's name.
 */
export function parseStoreUri(uri: string, known: readonly string[] = []): StoreUri {
  const [, scheme = "", bucket = "", path = "", query] =
    /^([a-z][a-z0-9+.-]*):\/\/([\w][\w.-]{0,254})(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(uri) ?? [];
  const expected = `a URI such as s3://bucket/models/digits`;
  if (bucket === "" || uri.length > MAX_LENGTH) {
    // A URI with a user may have a password.
    const shown = uri.includes("@") ? `${uri.slice(0, uri.indexOf(":"))}://…@…` : uri.slice(0, 100);
    throw new TypeError(`expected ${expected}, without credentials; got ${shown}`);
  }
  const segments = path.replace(/\/+$/, "").split("/");
  if (path !== "" && !isSafePath(segments.join("/"))) {
    throw new TypeError(`expected ${expected}, whose path has no empty or dotted part; got ${uri}`);
  }
  const parameters = parseParameters(query, known);
  return { scheme: scheme.toLowerCase(), bucket, path: segments.join("/"), parameters };
}

/** Writes a URI of a store, the same for the same parts. */
export function formatStoreUri({ scheme, bucket, path, parameters }: StoreUri): string {
  const query = new URLSearchParams(Object.entries(parameters).sort()).toString();
  return `${scheme}://${bucket}${path && `/${path}`}${query && `?${query}`}`;
}

/** The URI of what is below another. */
export function below(uri: StoreUri, name: string): string {
  return formatStoreUri({ ...uri, path: uri.path === "" ? name : `${uri.path}/${name}` });
}

/** The start of all keys below a URI, with its slash. */
export function prefixOf({ path }: StoreUri): string {
  return path === "" ? "" : `${path}/`;
}

/** Whether a relative path stays below where it starts, on every system. */
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
