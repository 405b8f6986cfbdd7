/**
 * Returns the URI below which a client may name models if a model is served from `basePath`: its parent, or the URI
 * itself at the top level. A URI with a query, which may name another host, is its own root.
 */
export function rootOfUri(basePath: string): string {
  if (/[?#]/.test(basePath)) return basePath;
  const [, origin = "", path = ""] = /^([^:]+:\/\/[^/]*)(.*)$/.exec(basePath) ?? [];
  const parent = path.replace(/\/+$/, "").replace(/\/[^/]*$/, "");
  return parent === "" ? basePath : `${origin}${parent}`;
}

/**
 * Returns whether a URI is a root or lies below it, by its text: it must have no segment that leads outside, and no
 * query.
 */
export function isUriWithin(root: string, uri: string): boolean {
  if (uri === root) return true;
  const folder = root.endsWith("/") ? root : `${root}/`;
  if (!uri.startsWith(folder)) return false;
  const rest = uri.slice(folder.length);
  return !/[?#\\%]/.test(rest) && !rest.split("/").some((name) => name === "." || name === "..");
}
