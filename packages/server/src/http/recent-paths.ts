/** Maximum number of remembered paths, each of at most this length. */
const MAX_PATHS = 256;

/**
 * Returns a function that remembers the results of `find`, which must depend only on the method and the path of a
 * request, for the most recent paths. Errors are not remembered.
 */
export function recentPaths<T>(
  find: (method: string, path: string) => T,
): (method: string, path: string) => T {
  const recent = new Map<string, { readonly method: string; readonly result: T }>();
  return (method, path) => {
    const known = recent.get(path);
    if (known?.method === method) return known.result;
    const result = find(method, path);
    if (path.length > MAX_PATHS) return result;
    if (recent.size >= MAX_PATHS) recent.clear();
    recent.set(path, { method, result });
    return result;
  };
}
