import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** The links within a site that lead nowhere, a sentence each. */
export function brokenLinks(site: string): string[] {
  const pages = readdirSync(site, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".html"))
    .map((name) => join(site, name));
  const ids = new Map<string, ReadonlySet<string>>();
  const idsOf = (page: string) => {
    const known = ids.get(page) ?? idsIn(readFileSync(page, "utf8"));
    ids.set(page, known);
    return known;
  };
  return pages.flatMap((page) =>
    linksIn(readFileSync(page, "utf8")).flatMap((link) => {
      const [path = "", anchor] = link.split("#").map(decodeURIComponent);
      const target = path === "" ? page : resolve(dirname(page), path);
      const at = `${relative(site, page)}: ${link}`;
      if (!existsSync(target)) return [`${at} leads nowhere`];
      if (!anchor || !target.endsWith(".html") || idsOf(target).has(anchor)) return [];
      return [`${at} names no heading of ${relative(site, target)}`];
    }),
  );
}

const linksIn = (html: string): string[] => [
  ...new Set(
    [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)]
      .map(([, link = ""]) => link.replaceAll("&amp;", "&").replace(/\?[^#]*/, ""))
      .filter((link) => link !== "" && link !== "#" && !/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(link)),
  ),
];

const idsIn = (html: string): ReadonlySet<string> =>
  new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id = ""]) => id));
