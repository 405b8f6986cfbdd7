import type { ModelServer } from "@serving-kit/server";

/** A path in Fastify's syntax with its methods; `*` is every method. */
export interface FastifyRoute {
  readonly url: string;
  readonly methods: ReadonlySet<string>;
}

/**
 * The routes of a server in Fastify's syntax, each path once. A path that ends with `/*` also matches the path
 * without it. Parameter names that Fastify would parse differently are replaced.
 */
export function fastifyRoutes(routes: ModelServer["routes"]): FastifyRoute[] {
  const found = new Map<string, { readonly url: string; readonly methods: Set<string> }>();
  for (const { method, path } of routes) {
    const whole = path.split("/").map(fastifySegment).join("/");
    const before = path.endsWith("/*") ? [whole.slice(0, -"/*".length) || "/"] : [];
    for (const url of [whole, ...before]) {
      const withoutNames = url.replace(/(?<=\/):(?!:)[^/]+/g, ":");
      const { methods } = found.get(withoutNames) ?? { methods: new Set() };
      if (!found.has(withoutNames)) found.set(withoutNames, { url, methods });
      methods.add(method);
      if (method === "GET") methods.add("HEAD");
    }
  }
  return [...found.values()];
}

function fastifySegment(segment: string, index: number): string {
  if (!segment.startsWith(":")) return segment.replaceAll(":", "::");
  return /^:\w+$/.test(segment) ? segment : `:p${index}`;
}
