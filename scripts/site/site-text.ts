import { existsSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { codeBlocks } from "../markdown.js";
import { readProject } from "../project.js";
import { root } from "../workspace.mjs";

const LINK = /(\]\(\s*<?)([^)\s>]+)(>?(?:\s+"[^"]*")?\s*\))/g;

/**
 * The text of a page for the site. Links to other pages and to pictures stay; a link to any other file of the repository leads to where
 * the repository is hosted.
 *
 * @param path The file, relative to the repository.
 * @param pages The files that are pages of the site.
 */
export function siteText(markdown: string, path: string, pages: ReadonlySet<string>): string {
  const code = new Set(
    codeBlocks(markdown).flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    ),
  );
  const lines = markdown.split("\n").flatMap((line, i) => {
    if (code.has(i)) return [line];
    return isSourceLine(line) ? [] : [withLinks(line, path, pages)];
  });
  return lines.join("\n");
}

/** The title of a page, and its text without it. */
export function splitTitle(markdown: string): { readonly title: string; readonly text: string } {
  const [, title = "", text = ""] = /^# (.*)\n([\s\S]*)$/.exec(markdown) ?? [];
  if (title === "") throw new Error(`expected a title, # …; got ${markdown.slice(0, 60)}`);
  return { title: title.replaceAll("`", ""), text };
}

const isSourceLine = (line: string) => /^\s*<!--\s*file:.*-->\s*$/.test(line);

function withLinks(line: string, path: string, pages: ReadonlySet<string>): string {
  return line.replace(LINK, (whole, before: string, target: string, after: string) => {
    if (/^(?:[a-z][a-z0-9+.-]*:|#)|\.svg$/i.test(target)) return whole;
    const [file = "", anchor] = target.split("#");
    const found = posix.join(posix.dirname(path), file).replace(/\/$/, "");
    const readme = posix.join(found, "README.md");
    const page = pages.has(found) ? found : pages.has(readme) ? readme : undefined;
    const hash = anchor === undefined ? "" : `#${anchor}`;
    if (page === undefined) return `${before}${hostedAt(found)}${hash}${after}`;
    const relative = posix.relative(dirname(path), page);
    return `${before}${relative.startsWith(".") ? relative : `./${relative}`}${hash}${after}`;
  });
}

function hostedAt(path: string): string {
  const file = join(root, path);
  if (!existsSync(file)) throw new Error(`a link leads to ${path}, which does not exist`);
  const kind = statSync(file).isDirectory() ? "tree" : "blob";
  return `${readProject().repository}/${kind}/main/${path}`;
}
