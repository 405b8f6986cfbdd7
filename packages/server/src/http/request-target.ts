/** Returns path and query of a request target, which may include scheme and host if a proxy sends it. */
export function targetOf(url: string): { readonly path: string; readonly search: string } {
  const target = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?]*/i, "");
  const query = target.indexOf("?");
  if (query === -1) return { path: target, search: "" };
  return { path: target.slice(0, query), search: target.slice(query + 1) };
}
