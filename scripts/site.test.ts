import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { drawDiagram, withDiagrams } from "./site/site-diagrams.js";
import { importNames, sitePages } from "./site/site-pages.js";
import { siteText, splitTitle } from "./site/site-text.js";
import { root } from "./workspace.mjs";

describe("the site", () => {
  it("has every guide once", () => {
    const paths = sitePages().map(({ path }) => path);
    const guides = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name.replaceAll("\\", "/")}`);
    expect(paths.filter((path) => path.startsWith("docs/")).sort()).toEqual(guides.sort());
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("names modules as programs import them", () => {
    expect(importNames().get("core/src")).toBe("@serving-kit/core");
    expect(importNames().get("server/src/grpc/schema")).toBe("@serving-kit/server/grpc");
  });
});

describe("siteText", () => {
  const pages = new Set(["README.md", "docs/errors.md", "packages/core/README.md"]);
  const text = (markdown: string) => siteText(markdown, "docs/lifecycle.md", pages);

  it("keeps links between pages, and leads to the README of a package", () => {
    expect(text("[e](errors.md#a) [r](../README.md) [h](#here)")).toBe(
      "[e](./errors.md#a) [r](../README.md) [h](#here)",
    );
    expect(text("[c](../packages/core)")).toBe("[c](../packages/core/README.md)");
  });

  it("leads to the repository for files and folders that are not pages", () => {
    expect(text("[l](../LICENSE)")).toMatch(/^\[l\]\(https:\/\/\S+\/blob\/main\/LICENSE\)$/);
    expect(text("[e](../examples)")).toMatch(/\/tree\/main\/examples\)$/);
    expect(() => text("[x](../nothing)")).toThrow("a link leads to nothing, which does not exist");
  });

  it("leaves code as it is, without the lines that name its file", () => {
    const block = "```md\n[x](../nothing)\n```";
    expect(text(`<!-- file: a.md -->\n${block}`)).toBe(block);
  });
});

describe("withDiagrams", () => {
  const page =
    "# The parts\n\n```mermaid\nflowchart BT\n  server --> core\n```\n\n```sh\nls\n```\n";

  it("replaces blocks in Mermaid by pictures, named by their heading", () => {
    const saved: string[] = [];
    const text = withDiagrams(page, (svg, number) => {
      saved.push(svg);
      return `./page-${number}.svg`;
    });
    expect(text).toBe("# The parts\n\n![The parts](./page-1.svg)\n\n```sh\nls\n```\n");
    expect(saved).toEqual([drawDiagram("flowchart BT\n  server --> core")]);
  });

  it("draws nodes and arrows, with nothing from another host", () => {
    const svg = drawDiagram("flowchart BT\n  server --> core");
    expect(svg).toMatch(/<text[^>]*>\s*server\s*</);
    expect(svg).toContain('data-from="server" data-to="core"');
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|@import/);
  });
});

it("splitTitle takes the title from the text", () => {
  expect(splitTitle("# The `title`\n\ntext\n")).toEqual({ title: "The title", text: "\ntext\n" });
});
