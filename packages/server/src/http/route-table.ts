import { errors } from "../errors.js";
import type { HttpRoute, Protocol } from "../plugins/protocol.js";
import { recentPaths } from "./recent-paths.js";

/** A route with its protocol. */
export interface BoundRoute {
  readonly route: HttpRoute;
  readonly protocol: Protocol;
}

/** A route that matches a request. */
export interface MatchedRoute extends BoundRoute {
  readonly params: Readonly<Record<string, string>>;
}

/** The match of a path and method: a route, the methods that the path allows, or nothing. */
export type RouteMatch =
  | { readonly found: MatchedRoute }
  | { readonly found: undefined; readonly methods: readonly string[] };

interface CompiledRoute extends BoundRoute {
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/** The HTTP routes of all protocols. */
export class RouteTable {
  readonly #routes: readonly CompiledRoute[];
  readonly #fallbacks: readonly CompiledRoute[];
  readonly #matchOwn = recentPaths((method, path) => this.#match(method, path, true));
  readonly #matchMounted = recentPaths((method, path) => this.#match(method, path, false));

  /** @throws ServingError INVALID_ARGUMENT / ROUTES_CLASH if routes of two protocols match one request. */
  constructor(routes: readonly BoundRoute[]) {
    checkDisjoint(routes.filter(({ route }) => !route.fallback));
    const compiled = routes.map(compile);
    this.#routes = compiled.filter(({ route }) => !route.fallback);
    this.#fallbacks = compiled.filter(({ route }) => route.fallback);
  }

  /** Returns the methods and paths of all routes except fallbacks, for servers that mount them one by one. */
  get claimed(): readonly Pick<HttpRoute, "method" | "path">[] {
    return this.#routes.map(({ route: { method, path } }) => ({ method, path }));
  }

  /** Returns whether a path has a route for any method. */
  claims(path: string): boolean {
    return this.#routes.some(({ pattern }) => pattern.test(path));
  }

  /** Finds the route of a request. On a port of the server (`isOwn`), fallback routes are tried last. */
  match(method: string, path: string, isOwn = false): RouteMatch {
    return isOwn ? this.#matchOwn(method, path) : this.#matchMounted(method, path);
  }

  #match(method: string, path: string, isOwn: boolean): RouteMatch {
    const methods: string[] = [];
    for (const routes of isOwn ? [this.#routes, this.#fallbacks] : [this.#routes]) {
      for (const compiled of routes) {
        const values = compiled.pattern.exec(path);
        if (values === null) continue;
        const { route, protocol, names } = compiled;
        if (!answers(route.method, method)) methods.push(route.method);
        else return { found: { route, protocol, params: paramsOf(names, values) } };
      }
    }
    return { found: undefined, methods };
  }
}

const answers = (own: string, method: string) =>
  own === "*" || own === method || (own === "GET" && method === "HEAD");

function compile({ route, protocol }: BoundRoute): CompiledRoute {
  const { path, caseSensitive = true } = route;
  const names: string[] = [];
  const segments = segmentsOf(path).map((segment) => {
    if (!segment.startsWith(":")) return segment.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    names.push(segment.slice(1));
    return "([^/]+)";
  });
  const isPrefix = segments.at(-1) === "\\*";
  if (isPrefix) segments.pop();
  const source = `^/${segments.join("/")}${isPrefix ? "(?:/.*)?" : ""}$`;
  return { route, protocol, names, pattern: new RegExp(source, caseSensitive ? "s" : "si") };
}

function segmentsOf(path: string): string[] {
  if (!path.startsWith("/")) throw errors.routeUnfit(path);
  return path.slice(1).split("/");
}

function paramsOf(names: readonly string[], values: RegExpExecArray) {
  if (names.length === 0) return NO_PARAMS;
  const params: Record<string, string> = Object.create(null);
  for (let i = 0; i < names.length; i++) {
    params[names[i] as string] = decodeSegment(values[i + 1] as string);
  }
  return Object.freeze(params); // It is remembered for later requests.
}

/** Percent-decodes a string; invalid codes are left unchanged. */
export function decodeSegment(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = Buffer.from(text)
    .toString("latin1")
    .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}

function checkDisjoint(routes: readonly BoundRoute[]): void {
  for (let i = 0; i < routes.length; i++) {
    for (let j = 0; j < i; j++) {
      const [one, other] = [routes[i] as BoundRoute, routes[j] as BoundRoute];
      if (one.protocol !== other.protocol && overlap(one.route, other.route)) {
        throw errors.routesClash(other, one);
      }
    }
  }
}

/** Returns whether a request may match both routes. */
function overlap(one: HttpRoute, other: HttpRoute): boolean {
  const methods = answers(one.method, other.method) || answers(other.method, one.method);
  if (!methods) return false;
  const ignoresCase = one.caseSensitive === false || other.caseSensitive === false;
  const own = segmentsOf(ignoresCase ? one.path.toLowerCase() : one.path);
  const theirs = segmentsOf(ignoresCase ? other.path.toLowerCase() : other.path);
  for (let i = 0; ; i++) {
    const [a, b] = [own[i], theirs[i]];
    if (a === "*" || b === "*") return true;
    if (a === undefined || b === undefined) return a === b;
    if (a !== b && !a.startsWith(":") && !b.startsWith(":")) return false;
  }
}
