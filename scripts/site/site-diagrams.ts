import { renderMermaidSVG } from "beautiful-mermaid";
import { codeBlocks } from "../markdown.js";

// TypeDoc shows diagrams in Mermaid as code. They are drawn when the site is built, so that no page loads a program of
// several megabytes.

/** As browsers show pages in light and in dark. */
const COLORS = { bg: "light-dark(#ffffff, #1e2021)", fg: "light-dark(#1f2328, #e6edf3)" };

/** Draws a diagram. The picture needs nothing from elsewhere, and follows the reader's choice of light or dark. */
export const drawDiagram = (mermaid: string): string =>
  renderMermaidSVG(mermaid, { ...COLORS, font: "system-ui" })
    .replace(/^\s*@import .*\n/gm, "") // a font of another host
    .replace("<style>", "<style>\n  svg { color-scheme: light dark; }");

/**
 * Replaces the blocks in Mermaid of a page by links to pictures.
 *
 * @param save Saves the picture of a block, counted from 1, and returns its path relative to the page.
 */
export function withDiagrams(
  markdown: string,
  save: (svg: string, number: number) => string,
): string {
  const lines = markdown.split("\n");
  const blocks = codeBlocks(markdown).filter(({ language }) => language === "mermaid");
  for (const [i, { code, first, last }] of [...blocks.entries()].reverse()) {
    const heading = lines.slice(0, first).findLast((line) => /^#+ /.test(line)) ?? "";
    const picture = `![${heading.replace(/^#+ /, "")}](${save(drawDiagram(code), i + 1)})`;
    lines.splice(first - 1, last - first + 3, picture);
  }
  return lines.join("\n");
}
