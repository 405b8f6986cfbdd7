import { expect, it } from "vitest";
import { fastifyRoutes } from "./fastify-routes.js";

const routes = (...given: [method: string, path: string][]) =>
  fastifyRoutes(given.map(([method, path]) => ({ method, path }))).map(({ url, methods }) => [
    url,
    [...methods].join(" "),
  ]);

it("a path with all that follows is also the path before it", () => {
  expect(routes(["*", "/v1/models/*"])).toEqual([
    ["/v1/models/*", "*"],
    ["/v1/models", "*"],
  ]);
  expect(routes(["GET", "/*"])).toEqual([
    ["/*", "GET HEAD"],
    ["/", "GET HEAD"],
  ]);
});

it("a path occurs once, with all its methods, regardless of parameter names", () => {
  expect(routes(["GET", "/a/:x"], ["POST", "/a/:y"], ["PUT", "/a/b"])).toEqual([
    ["/a/:x", "GET HEAD POST"],
    ["/a/b", "PUT"],
  ]);
});

it("colons and names that mean something else to Fastify are written otherwise", () => {
  expect(routes(["POST", "/m/x:run"], ["POST", "/n/:a-b/:c"])).toEqual([
    ["/m/x::run", "POST"],
    ["/n/:p2/:c", "POST"],
  ]);
});
