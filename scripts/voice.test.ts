import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, it } from "vitest";
import { root } from "./workspace.mjs";

// Comments, docs and messages have one voice: subject, verb, object, and the verbs of the field. Each expression names
// words that this repository does not use, and what to write.
const WORDS: readonly (readonly [expression: RegExp, instead: string])[] = [
  [/^\s*(?:\/\*\*|\/\/) (?:What|Who|Whom|Whose)\b/, "a noun phrase: Options of …, The state of …"],
  [/^\s*\/\*\* (?:How|Where|When|Whether)\b/, "The …, Returns …, True if …, If true, …"],
  [/^\s*(?:\/\*\*|\*) Gives?\b/, "Returns, Releases, Assigns"],
  [
    /\b(?:is|are|was|were|be|being|been) (?!not |to )(?:\w+ )?told\b(?! apart| to\b| from\b)/,
    "receives, is emitted, is reported, is logged",
  ],
  [/\bwhat (?:became|becomes|had become) of\b/, "the outcome of"],
  [/\bnobody foresaw\b|\bunforeseen\b/, "an unexpected error"],
  [/\bmend(?:s|ed|ing)?\b/, "fix"],
  [/\bheed(?:s|ed|ing)?\b/, "supports, obeys, enforces; does not heed: ignores"],
  [
    /(?<!\bthere )(?<!\bsays )\b(?:is|are|was) no (?!longer\b|more\b|such\b|less\b|way\b|need\b|room\b|part\b|reason\b|change\b|other\b|time\b|limit\b|use\b)[`"a-z]/,
    "is not a",
  ],
  [
    /\b(?:for ever|anew|whom|of ours|but for|turned away|parted by|vouches)\b/,
    "indefinitely, again, rejected, except",
  ],
  [
    /\b(?:is|are) (?:only )?to be \w+(?:ed|de|en|ad|ld|pt|nd)\b/,
    "must be, will be, or the imperative",
  ],
  [
    /\b(?:absent|undefined|none|nothing|not at all) where (?:nobody|none|nothing|no |there|it |the )/,
    "if",
  ],
  [/\b(?:take|takes|took|taken) (?:its|the) place\b|\bin the place of\b/, "replaces, instead of"],
  [
    /\bpass(?:ed|es) over\b|\bspeaks? (?:for|of)\b|\bspoke (?:for|of)\b/,
    "ignores; owns, emits, covers",
  ],
  [/\b(?:new|one|every|its|this) life\b/, "load cycle"],
  [/\binvent(?:s|ed)?\b/, "generates"],
  [/(?:must be|expected|got|not) a text\b/, "a string"],
  [/\bunsaid\b/, "not set"],
];

/** Lines that have such a word for a reason, by file: a part of each line. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {};

/** The files below a folder of the repository, relative to it, except what is installed. */
const below = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isFile()) return [path];
    return entry.isDirectory() && entry.name !== "node_modules" ? below(path) : [];
  });

const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);

const files = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...packages.map((folder) => `${folder}/README.md`),
  ...["docs", "deploy", "examples", "scripts"].flatMap(below),
  ...packages.flatMap((folder) => below(`${folder}/src`)),
].filter(
  (file) =>
    /\.(?:md|ts|mjs)$/.test(file) &&
    !/\.test(?:-d)?\.(?:ts|mjs)$/.test(file) &&
    !/node_modules|\/models\/|\/fixtures\//.test(file) &&
    // These quote TF Serving's texts and tests.
    !file.startsWith("docs/decisions/tf-serving"),
);

/** Returns whether a line of a program is a comment or has text: identifiers may have any name. */
const textOf = (file: string, line: string) => {
  if (file.endsWith(".md") || /^\s*(?:\*|\/\/|\/\*)/.test(line)) return line;
  const texts = line.match(/"(?:[^"\\]|\\.)*"|`[^`]*`?|\/\/ .*$/g) ?? [];
  return texts.join(" ");
};

it("comments, docs and messages have the words of the field", () => {
  expect(files.length).toBeGreaterThan(500);
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((line, i) => {
        const text = textOf(file, line);
        const word = WORDS.find(([expression]) => new RegExp(expression, "i").test(text));
        if (word === undefined) return [];
        if (ALLOWED[file]?.some((part) => line.includes(part))) return [];
        return [`${file}:${i + 1}: write ${word[1]}; got ${line.trim()}`];
      }),
  );
  expect(found).toEqual([]);
});
