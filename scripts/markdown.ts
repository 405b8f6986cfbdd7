/**
 * A code block of a guide: a copy of a file that runs. Directly above its fence stands its source:
 *
 *     <!-- file: examples/quickstart.ts -->      the whole file
 *     <!-- file: examples/hot-swap.ts#swap -->   the lines between `// #region swap` and `// #endregion`
 *
 * Blocks in TypeScript and JavaScript must have a source; others may.
 */
export interface CodeBlock {
  readonly language: string;
  readonly source: string | undefined;
  readonly code: string;
  /** The first line of the code, from 0. */
  readonly first: number;
  /** The last line of the code, from 0. */
  readonly last: number;
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([\w+-]*)/;
const SOURCE = /^\s*<!--\s*file:\s*(\S+)\s*-->\s*$/;
const PROGRAM_LANGUAGES = new Set(["ts", "typescript", "js", "javascript", "mjs", "tsx", "jsx"]);

/** Returns the fenced blocks of a Markdown text, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const lines = markdown.split("\n");
  const blocks: CodeBlock[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, , fence, language = ""] = FENCE.exec(lines[i] ?? "") ?? [];
    if (fence === undefined) continue;
    const first = i + 1;
    while (i + 1 < lines.length && !closes(lines[i + 1] ?? "", fence)) i++;
    const source = SOURCE.exec(lines[first - 2] ?? "")?.[1];
    const code = lines.slice(first, i + 1).join("\n");
    blocks.push({ language: language.toLowerCase(), source, code, first, last: i });
    i++;
  }
  return blocks;
}

function closes(line: string, fence: string): boolean {
  const marks = line.trim();
  return marks.startsWith(fence) && marks === fence.charAt(0).repeat(marks.length);
}

/** Returns whether a block must name the file that it comes from. */
export const needsSource = ({ language }: CodeBlock): boolean => PROGRAM_LANGUAGES.has(language);

/**
 * Returns the text that a block with this source must have: the file without its last line break, or the region
 * without the common indentation of its lines.
 *
 * @throws Error if there is no such region.
 */
export function excerpt(text: string, region?: string): string {
  const lines = text.trimEnd().split("\n");
  if (region === undefined) return lines.filter((line) => !isMarker(line)).join("\n");
  const start = lines.findIndex((line) => line.trim() === `// #region ${region}`);
  if (start < 0) throw new Error(`there is no "// #region ${region}"`);
  const length = lines.slice(start + 1).findIndex((line) => line.trim() === "// #endregion");
  if (length < 0) throw new Error(`"// #region ${region}" has no "// #endregion"`);
  const body = lines.slice(start + 1, start + 1 + length);
  const indents = body.filter((line) => line.trim()).map((line) => line.search(/\S/));
  return body.map((line) => line.slice(Math.min(...indents))).join("\n");
}

const isMarker = (line: string): boolean => /^\s*\/\/ #(region \S+|endregion)$/.test(line);

/** Returns the Markdown with each block that has a source replaced by `read(source)`. */
export function syncBlocks(markdown: string, read: (source: string) => string): string {
  const lines = markdown.split("\n");
  for (const { source, first, last } of codeBlocks(markdown).reverse()) {
    if (source !== undefined) lines.splice(first, last - first + 1, ...read(source).split("\n"));
  }
  return lines.join("\n");
}

/** Returns the headings of a Markdown text as GitHub's anchors. */
export function anchors(markdown: string): string[] {
  const seen = new Map<string, number>();
  return withoutCode(markdown)
    .flatMap((line) => /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1] ?? [])
    .map((heading) => {
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    });
}

/** Returns the targets of the links of a Markdown text that lead into this repository. */
export function relativeLinks(markdown: string): string[] {
  const text = withoutCode(markdown)
    .join("\n")
    .replace(/`[^`\n]*`/g, "");
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const reference = [...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  return [...inline, ...reference]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

function withoutCode(markdown: string): string[] {
  const lines = markdown.split("\n");
  for (const { first, last } of codeBlocks(markdown).reverse()) {
    lines.splice(first - 1, last - first + 3);
  }
  return lines;
}
