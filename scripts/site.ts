import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  Application,
  Converter,
  type DeclarationReflection,
  MinimalSourceFile,
  ReflectionKind,
  TSConfigReader,
  TypeDocReader,
} from "typedoc";
import { withDiagrams } from "./site/site-diagrams.js";
import { brokenLinks } from "./site/site-links.js";
import { importNames, packageReadmes, siteGroups, sitePages } from "./site/site-pages.js";
import { siteText, splitTitle } from "./site/site-text.js";
import { root } from "./workspace.mjs";

// `npm run site`: the guides and the API as one site in the folder `site`, with one search. Fails if a link within it
// is broken.

const out = join(root, "site");
const readmes = packageReadmes();
const names = importNames();
const pages = sitePages();
const known = new Set(["README.md", ...pages.map(({ path }) => path), ...readmes.values()]);
// Below the repository, so that TypeDoc finds the pages relative to it.
const folder = mkdtempSync(join(root, "node_modules/.site-"));

/** Writes a page for TypeDoc and returns its path. */
function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** The pictures of pages. */
for (const name of readdirSync(join(root, "docs")).filter((file) => file.endsWith(".svg"))) {
  write(`docs/${name}`, readFileSync(join(root, "docs", name), "utf8"));
}

function textOf(path: string): string {
  const text = siteText(readFileSync(join(root, path), "utf8"), path, known);
  return withDiagrams(text, (svg, number) => {
    const name = `${basename(path, ".md")}-${number}.svg`;
    write(join(dirname(path), name), svg);
    return `./${name}`;
  });
}

function writeGuide({ path, group }: (typeof pages)[number]): string {
  const { title, text } = splitTitle(textOf(path));
  return write(path, `---\ntitle: ${JSON.stringify(title)}\ngroup: ${group}\n---\n${text}`);
}

for (const path of readmes.values()) write(path, splitTitle(textOf(path)).text);

/** Names each module as programs import it, and puts the README of its package on its page. */
function nameModules(application: Application): void {
  application.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project, converter }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = names.get(module.name) ?? module.name;
      const path = readmes.get(module.name);
      if (path === undefined) continue;
      const file = join(folder, path);
      const source = new MinimalSourceFile(readFileSync(file, "utf8"), file as never);
      const { content } = converter.parseRawComment(source, project.files);
      (module as DeclarationReflection).readme = content;
      project.files.registerReflectionPath(file as never, module);
    }
  });
}

async function build(): Promise<boolean> {
  const application = await Application.bootstrapWithPlugins(
    {
      options: join(root, "typedoc.json"),
      ...{ out, name: "serving-kit", includeVersion: false, hideGenerator: true },
      includeHierarchySummary: false, // its page has no anchor of some classes that lead there
      readme: write("README.md", splitTitle(textOf("README.md")).text),
      projectDocuments: pages.map(writeGuide),
      sort: ["documents-first", "kind", "alphabetical"],
      groupOrder: [...siteGroups, "Modules", "*"],
      navigation: { includeGroups: true },
      ...{ searchInDocuments: true, searchInComments: true },
      highlightLanguages: [
        "bash",
        "javascript",
        "json",
        "yaml",
        "typescript",
        "python",
        "dockerfile",
      ],
      ignoredHighlightLanguages: ["textproto"],
    },
    [new TypeDocReader(), new TSConfigReader()],
  );
  nameModules(application);
  const project = await application.convert();
  if (project === undefined) return false;
  application.validate(project);
  await application.generateDocs(project, out);
  if (application.logger.hasErrors() || application.logger.hasWarnings()) return false;
  const broken = brokenLinks(out);
  for (const problem of broken) process.stdout.write(`${problem}\n`);
  process.stdout.write(
    `${known.size} pages and the API are in ${out}; ${broken.length} broken links\n`,
  );
  return broken.length === 0;
}

try {
  process.exitCode = (await build()) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
