/**
 * The URI below which a client may name models if one is served from `basePath`: its parent, or itself at the top. With
 * a query, which may name another host, it is itself.
 */
export function rootOfUri(basePath: string): string {
  if (/[?#]/.test(basePath)) return basePath;
  const [, origin = "", path = ""] = /^([^:]+:\/\/[^/]*)(.*)$/.exec(basePath) ?? [];
  const parent = path.replace(/\/+$/, "").replace(/\/[^/]*$/, "");
  return parent === "" ? basePath : `${origin}${parent}`;
}

/** Whether a URI is a root or lies below one, by its text: no segment may lead elsewhere, and no query may follow. */
export function isUriWithin(root: string, uri: string): boolean {
  if (uri === root) return true;
  const folder = root.endsWith("/") ? root : `${root}/`;
  if (!uri.startsWith(folder)) return false;
  const rest = uri.slice(folder.length);
  return !/[?#\\%]/.test(rest) && !rest.split("/").some((name) => name === "." || name === "..");
}
