import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  anchors,
  codeBlocks,
  excerpt,
  needsSource,
  relativeLinks,
  syncBlocks,
} from "./markdown.js";
import { publishedPackages, root } from "./workspace.mjs";

/** The Markdown files that are checked, relative to the repository. */
function documents(): string[] {
  const inDocs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .map((name) => `docs/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".md"))
    .sort();
  return [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    ...inDocs,
    ...publishedPackages().map(({ folder }) => `${folder}/README.md`),
  ].filter((name) => existsSync(join(root, name)));
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The text that a block with this source (`path` or `path#region`) must have. */
function sourceText(source: string): string {
  const [path = "", region] = source.split("#");
  if (!existsSync(join(root, path))) throw new Error(`there is no file ${path}`);
  return excerpt(read(path), region);
}

/** The problems of the code blocks of a document, one sentence each. */
function blockProblems(document: string, markdown: string): string[] {
  return codeBlocks(markdown).flatMap((block) => {
    const at = `${document}:${block.first + 1}`;
    if (block.source === undefined) {
      return needsSource(block)
        ? [`${at}: a ${block.language} block needs a line "<!-- file: path -->" directly above it`]
        : [];
    }
    try {
      if (sourceText(block.source) === block.code) return [];
      return [`${at}: the block differs from ${block.source}; run \`npm run docs:sync\``];
    } catch (error) {
      return [`${at}: ${block.source}: ${error instanceof Error ? error.message : error}`];
    }
  });
}

/** The problems of the links of a document that lead into this repository. */
function linkProblems(document: string, markdown: string): string[] {
  return relativeLinks(markdown).flatMap((link) => {
    const [path = "", anchor] = decodeURI(link).split("#");
    const target = path === "" ? join(root, document) : resolve(root, dirname(document), path);
    if (!target.startsWith(root) || !existsSync(target)) {
      return [`${document}: the link ${link} leads nowhere`];
    }
    if (anchor === undefined || !target.endsWith(".md") || statSync(target).isDirectory())
      return [];
    const isHeading = anchors(readFileSync(target, "utf8")).includes(anchor);
    return isHeading ? [] : [`${document}: the link ${link} names no heading`];
  });
}

function check(): boolean {
  const names = documents();
  const problems = names.flatMap((name) => {
    const markdown = read(name);
    return [...blockProblems(name, markdown), ...linkProblems(name, markdown)];
  });
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(`${names.length} documents, ${problems.length} problems\n`);
  return problems.length === 0;
}

function sync(): boolean {
  for (const name of documents()) {
    const markdown = read(name);
    const synced = syncBlocks(markdown, sourceText);
    if (synced === markdown) continue;
    writeFileSync(join(root, name), synced);
    process.stdout.write(`${name}: code blocks rewritten from their files\n`);
  }
  return true;
}

const isOk = process.argv.includes("--write") ? sync() : check();
process.exitCode = isOk ? 0 : 1;
