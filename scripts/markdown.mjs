/**
 * Guides and the code in them. A code block of a guide is a copy of a file that runs:
 *
 *     <!-- file: examples/quickstart.ts -->      the whole file
 *     <!-- file: examples/hot-swap.ts#swap -->   the lines between `// #region swap` and `// #endregion`
 *
 * stands directly above the fence. Blocks in ts and js must have such a line; others may.
 *
 * @typedef {{ language: string, source: string | undefined, code: string,
 *   first: number, last: number }} CodeBlock  lines `first` to `last` hold the code, from 0
 */

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([\w+-]*)/;
const SOURCE = /^\s*<!--\s*file:\s*(\S+)\s*-->\s*$/;
const PROGRAM_LANGUAGES = new Set(["ts", "typescript", "js", "javascript", "mjs", "tsx", "jsx"]);

/** @returns {CodeBlock[]} the fenced blocks of a Markdown text, in order */
export function codeBlocks(markdown) {
  const lines = markdown.split("\n");
  const blocks = [];
  for (let i = 0; i < lines.length; i++) {
    const open = FENCE.exec(lines[i]);
    if (!open) continue;
    const first = i + 1;
    const isClose = (line) =>
      line.trim().startsWith(open[2]) && line.trim() === line.trim()[0].repeat(line.trim().length);
    while (i + 1 < lines.length && !isClose(lines[i + 1])) i++;
    const source = SOURCE.exec(lines[first - 2] ?? "")?.[1];
    const code = lines.slice(first, i + 1).join("\n");
    blocks.push({ language: open[3].toLowerCase(), source, code, first, last: i });
    i++;
  }
  return blocks;
}

/** True for a block that would have to name the file it comes from. */
export const needsSource = ({ language }) => PROGRAM_LANGUAGES.has(language);

/**
 * What a block with this source has to hold: the file without its last line break, or the region
 * without the indentation its lines have in common. Throws when there is no such region.
 */
export function excerpt(text, region) {
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

const isMarker = (line) => /^\s*\/\/ #(region \S+|endregion)$/.test(line);

/** The Markdown with each block that has a source replaced by `read(source)`. */
export function syncBlocks(markdown, read) {
  const lines = markdown.split("\n");
  for (const { source, first, last } of codeBlocks(markdown).reverse()) {
    if (source !== undefined) lines.splice(first, last - first + 1, ...read(source).split("\n"));
  }
  return lines.join("\n");
}

/** The headings of a Markdown text as GitHub's anchors. */
export function anchors(markdown) {
  const seen = new Map();
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

/** The targets of the links of a Markdown text that lead into this repository. */
export function relativeLinks(markdown) {
  const text = withoutCode(markdown)
    .join("\n")
    .replace(/`[^`\n]*`/g, "");
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const reference = [...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  return [...inline, ...reference]
    .map(([, target]) => target)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

function withoutCode(markdown) {
  const lines = markdown.split("\n");
  for (const { first, last } of codeBlocks(markdown).reverse()) {
    lines.splice(first - 1, last - first + 3);
  }
  return lines;
}
