import { expect, it } from "vitest";
import { recentPaths } from "./recent-paths.js";

function world() {
  const found: string[] = [];
  const find = recentPaths((method, path) => {
    found.push(`${method} ${path}`);
    if (path === "/error") throw new Error(path);
    return { method, path };
  });
  return { found, find };
}

it("remembers a result by method and path, and no error", () => {
  const { found, find } = world();
  for (const method of ["GET", "POST"]) {
    const first = find(method, "/a");
    expect(first).toEqual({ method, path: "/a" });
    expect(find(method, "/a")).toBe(first);
  }
  for (let i = 0; i < 2; i++) expect(() => find("GET", "/error")).toThrow("/error");
  expect(found).toEqual(["GET /a", "POST /a", "GET /error", "GET /error"]);
});

it("remembers a bounded number of short paths", () => {
  const { found, find } = world();
  const long = `/${"a".repeat(300)}`;
  for (let i = 0; i < 1_000; i++) find("GET", `/${i}`);
  for (const path of ["/0", "/999", long, long]) find("GET", path);
  expect(found.slice(1_000)).toEqual(["GET /0", `GET ${long}`, `GET ${long}`]);
});
