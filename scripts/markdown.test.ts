import { describe, expect, it } from "vitest";
import {
  anchors,
  codeBlocks,
  excerpt,
  needsSource,
  relativeLinks,
  syncBlocks,
} from "./markdown.js";

const guide = [
  "# A guide",
  "",
  "<!-- file: a.ts#swap -->",
  "```ts",
  "old",
  "```",
  "",
  "```sh",
  "npm start",
  "```",
  "",
  "```js",
  "loose();",
  "```",
  "",
].join("\n");

describe("code blocks of a guide", () => {
  it("are found with language, source and code", () => {
    expect(codeBlocks(guide)).toEqual([
      { language: "ts", source: "a.ts#swap", code: "old", first: 4, last: 4 },
      { language: "sh", source: undefined, code: "npm start", first: 8, last: 8 },
      { language: "js", source: undefined, code: "loose();", first: 12, last: 12 },
    ]);
  });

  it("may be longer fences that hold shorter ones, and may be empty", () => {
    const [outer, empty] = codeBlocks("````md\n```ts\nx\n```\n````\n```\n```\n");
    expect(outer?.code).toBe("```ts\nx\n```");
    expect(empty?.code).toBe("");
  });

  it("need a source when they are programs", () => {
    expect(codeBlocks(guide).map(needsSource)).toEqual([true, false, true]);
  });

  it("are replaced by their source and nothing else is touched", () => {
    const synced = syncBlocks(guide, (source) => `// ${source}\nnew`);
    expect(synced).toBe(guide.replace("old", "// a.ts#swap\nnew"));
  });
});

describe("an excerpt", () => {
  const file =
    "import a;\n\nfunction f() {\n  // #region swap\n  if (a) {\n    b();\n\n  }\n  // #endregion\n}\n";

  it("is a region without its common indentation", () => {
    expect(excerpt(file, "swap")).toBe("if (a) {\n  b();\n\n}");
  });

  it("of a whole file leaves the markers of regions out", () => {
    expect(excerpt(file)).toBe("import a;\n\nfunction f() {\n  if (a) {\n    b();\n\n  }\n}");
  });

  it("of a region that is missing or open is an error", () => {
    expect(() => excerpt(file, "other")).toThrow('there is no "// #region other"');
    expect(() => excerpt("// #region open\nx", "open")).toThrow('has no "// #endregion"');
  });
});

describe("links", () => {
  it("into the repository are found outside of code", () => {
    const text =
      'See [a](docs/a.md#life "title") and [web](https://example.org) and `[c](c.md)`.\n```\n[d](d.md)\n```\n[ref]: ./b.md\n';
    expect(relativeLinks(text)).toEqual(["docs/a.md#life", "./b.md"]);
  });

  it("to headings use GitHub's anchors", () => {
    const text = "# The `npm test` run\n## Twice\n## Twice\n```sh\n# no heading\n```\n";
    expect(anchors(text)).toEqual(["the-npm-test-run", "twice", "twice-1"]);
  });
});
