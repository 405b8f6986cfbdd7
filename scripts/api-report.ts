import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { type EntryPoint, entryPointsOf, writeDeclarations } from "./declarations.js";
import { publishedPackages, root } from "./workspace.mjs";

/** The public API of a package: the declarations that its entry points export, without comments. */
export interface ApiReport {
  /** The folder of the package, such as `core`. */
  readonly name: string;
  readonly text: string;
}

/** The folder of the declarations, as they are published but without comments. */
export const folder = join(root, "node_modules/.api-report");

const packages = publishedPackages().map(({ folder: path, manifest }) => ({
  name: manifest.name,
  path: relative("packages", path),
  entries: entryPointsOf(path),
}));

/** Reports the API of every published package. TypeScript 7 writes the declarations, which takes seconds. */
export async function apiReports(): Promise<readonly ApiReport[]> {
  await writeDeclarations(folder, { comments: false });
  return packages.map(({ name, path, entries }) => ({
    name: path,
    text: [
      `# API of ${name}`,
      "",
      "`npx vitest run --project unit scripts/api-report.test.ts -u` writes this report.",
      ...entries.flatMap(reportOf),
      "",
    ].join("\n"),
  }));
}

function reportOf({ specifier, source }: EntryPoint): string[] {
  const declared = exportsOf(join(folder, source.replace(/\.ts$/, ".d.ts")));
  const lines = [...declared].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return ["", `## ${specifier}`, "", "```ts", ...lines, "```"];
}

/** The declarations that a file exports, by name. */
function exportsOf(file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const statement of statementsOf(file)) {
    if (!ts.isExportDeclaration(statement)) {
      if (isExported(statement)) addTo(found, statement);
      continue;
    }
    const from = statement.moduleSpecifier as ts.StringLiteral | undefined;
    const own = from?.text.startsWith(".")
      ? exportsOf(resolve(dirname(file), from.text.replace(/\.js$/, ".d.ts")))
      : undefined;
    const { exportClause } = statement;
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) {
      for (const [name, text] of own ?? []) found.set(name, text);
      continue;
    }
    for (const { name, propertyName } of exportClause.elements) {
      const original = (propertyName ?? name).text;
      const renamed = original === name.text ? "" : `// as ${name.text}:\n`;
      const text = own?.get(original) ?? `export { ${original} } from "${from?.text ?? ""}";`;
      found.set(name.text, renamed + text);
    }
  }
  return found;
}

const statementsOf = (file: string) =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true).statements;

const isExported = (statement: ts.Statement) =>
  ts.canHaveModifiers(statement) &&
  (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);

/** Adds a declaration; overloads of a function are one. */
function addTo(found: Map<string, string>, statement: ts.Statement): void {
  for (const name of namesOf(statement)) {
    const before = found.get(name);
    const text = statement.getText();
    found.set(name, before === undefined ? text : `${before}\n${text}`);
  }
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const { name } = statement as ts.Statement & { readonly name?: ts.Identifier };
  return name === undefined ? [] : [name.text];
}
