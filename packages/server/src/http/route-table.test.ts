import { describe, expect, it } from "vitest";
import type { HttpRoute, Protocol } from "../plugins/protocol.js";
import { decodeSegment, RouteTable } from "./route-table.js";

type RouteText = string | (Partial<HttpRoute> & { readonly path: string });

/** The routes of protocols, each written as `GET /path`. */
function tableOf(...protocols: readonly (readonly RouteText[])[]): RouteTable {
  return new RouteTable(
    protocols.flatMap((routes, i) => {
      const protocol: Protocol = { name: `p${i}`, apis: [] };
      return routes.map((text) => ({ protocol, route: routeOf(text) }));
    }),
  );
}

function routeOf(text: RouteText): HttpRoute {
  const handle = () => ({ status: 200, body: new Uint8Array(0) });
  if (typeof text !== "string") return { method: "GET", handle, ...text };
  const [method = "", path = ""] = text.split(" ");
  return { method, path, handle };
}

const found = (table: RouteTable, method: string, path: string, isOwn?: boolean) => {
  const match = table.match(method, path, isOwn);
  return match.found ? [match.found.route.path, { ...match.found.params }] : match.methods;
};

describe("a route", () => {
  it.each([
    ["GET /a.b", "/a.b", {}],
    ["GET /:name/x", "/a%20b/x", { name: "a b" }],
    ["GET /:__proto__", "/a", { ["__proto__"]: "a" }],
    ["GET /a/*", "/a", {}],
    ["GET /a/*", "/a/b/c", {}],
    ["* /a", "/a", {}],
  ])("%s has %s", (route, path, params) => {
    const table = tableOf([route]);
    expect(found(table, "GET", path)).toEqual([route.split(" ")[1], params]);
    expect(table.claims(path)).toBe(true);
  });

  it.each([
    ["GET /a.b", "/axb"],
    ["GET /:name/x", "//x"],
    ["GET /a/*", "/ab"],
    ["GET /a", "/A"],
    ["GET /a", "/a/"],
  ])("%s does not have %s", (route, path) => {
    expect(found(tableOf([route]), "GET", path)).toEqual([]);
    expect(tableOf([route]).claims(path)).toBe(false);
  });

  it("of GET has HEAD, and other methods are listed", () => {
    const table = tableOf(["GET /a", "POST /a"]);
    expect(found(table, "HEAD", "/a")).toEqual(["/a", {}]);
    expect(found(table, "PUT", "/a")).toEqual(["GET", "POST"]);
  });

  it("may ignore case, and may be asked last, at ports of the server only", () => {
    const table = tableOf([
      { path: "/a/*", fallback: true },
      { path: "/a/:b", caseSensitive: false },
    ]);
    expect(found(table, "GET", "/A/x")).toEqual(["/a/:b", { b: "x" }]);
    expect(found(table, "GET", "/a/x/y", true)).toEqual(["/a/*", {}]);
    expect(found(table, "GET", "/a/x/y")).toEqual([]);
    expect(table.claims("/a/x/y")).toBe(false);
    expect(table.claimed).toEqual([{ method: "GET", path: "/a/:b" }]);
  });

  it("without a slash at the beginning is rejected", () => {
    expect(() => tableOf(["GET a"])).toThrow(expect.objectContaining({ reason: "ROUTE_UNFIT" }));
  });
});

describe("PS1 routes of two protocols", () => {
  it.each([
    ["GET /a", "GET /a"],
    ["GET /a", "HEAD /a"],
    ["* /a", "POST /a"],
    ["GET /:x/b", "GET /a/:y"],
    ["GET /a/*", "GET /a/b/c"],
    ["GET /*", "GET /a"],
  ])("%s and %s clash, in the words of both protocols", (one, other) => {
    const error = { reason: "ROUTES_CLASH", message: expect.stringMatching(/p0.*p1/s) };
    expect(() => tableOf([one], [other])).toThrow(expect.objectContaining(error));
    expect(() => tableOf([one, other])).not.toThrow();
  });

  it.each([
    ["GET /a", "POST /a"],
    ["GET /a/b", "GET /a/c"],
    ["GET /a/:x", "GET /a/b/c"],
    ["GET /a", "GET /A"],
  ])("%s and %s are disjoint", (one, other) => {
    expect(() => tableOf([one], [other])).not.toThrow();
  });

  it("clash if one ignores case, and not if one is a fallback", () => {
    expect(() => tableOf([{ path: "/a", caseSensitive: false }], ["GET /A"])).toThrow();
    expect(() => tableOf([{ path: "/a", fallback: true }], ["GET /a"])).not.toThrow();
  });
});

it.each([
  ["a%2Fb", "a/b"],
  ["%E6%BC%A2", "漢"],
  ["100%", "100%"],
  ["%zz%41", "%zzA"],
])("decodes the segment %s as %s", (text, decoded) => {
  expect(decodeSegment(text)).toBe(decoded);
});
