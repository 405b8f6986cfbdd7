import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { root } from "./workspace.mjs";

// The umbrella has an example on each of its symbols, and each is a program that compiles.

const index = join(root, "packages/serving-kit/src/index.ts");
/** A file of the package, so that it imports itself by its name. It is not on the disk. */
const examplesFile = join(root, "packages/serving-kit/src/doc-examples.ts");

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
  ts.sys,
  root,
);

/** Names that the examples use without an import. */
const PRELUDE = `
import { readFile } from "node:fs/promises";
import { join } from "node:path";
declare const app: { use(handler: object): void };
declare const digits: ModelType;
declare const logger: NonNullable<ModelServerOptions["logger"]>;
declare const manager: AspiredVersionsManager<Predictor>;
declare const models: ModelServer;
declare const pixels: Float32Array<ArrayBuffer>;
declare const platforms: readonly Platform[];
declare const servables: Parameters<typeof filesystemSource>[0]["servables"];
declare const source: ReturnType<typeof filesystemSource>;
declare function labelOf(row: unknown): string;
declare function readLabels(path: string): Promise<string[]>;
`;

/** The code of the examples of each exported symbol. */
function readExamples(): ReadonlyMap<string, readonly string[]> {
  const program = ts.createProgram([index], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(index) as ts.SourceFile);
  return new Map(
    checker.getExportsOfModule(module as ts.Symbol).map((symbol) => {
      const target =
        symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const texts = target
        .getJsDocTags(checker)
        .filter(({ name }) => name === "example")
        .map(({ text }) => ts.displayPartsToString(text));
      const code = texts.flatMap((text) => /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? []);
      return [symbol.name, code];
    }),
  );
}

/** The problems that the compiler has with the examples. */
function problemsOf(examples: ReadonlyMap<string, readonly string[]>): string[] {
  const names = [...examples.keys()].join(", ");
  const bodies = [...examples].map(
    ([name, codes]) => `async function example_${name}() {\n${codes.join("\n")}\n}`,
  );
  const text = [`import { ${names} } from "serving-kit";`, PRELUDE, ...bodies].join("\n");
  const settings = { ...options, verbatimModuleSyntax: false, isolatedModules: false };
  const host = ts.createCompilerHost(settings);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === examplesFile || fileExists(file);
  host.getSourceFile = (file, ...others) =>
    file === examplesFile
      ? ts.createSourceFile(file, text, ts.ScriptTarget.ESNext)
      : getSourceFile(file, ...others);
  const program = ts.createProgram([examplesFile], settings, host);
  const file = program.getSourceFile(examplesFile) as ts.SourceFile;
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
    ({ start = 0, messageText }) => {
      const line = text.slice(0, start).split("\n").length;
      const around = text.split("\n")[line - 1];
      return `${ts.flattenDiagnosticMessageText(messageText, "\n")}: ${around}`;
    },
  );
}

it("each symbol of serving-kit has an example, which compiles", () => {
  const examples = readExamples();
  expect(examples.size).toBeGreaterThan(60);
  expect([...examples].filter(([, codes]) => codes.length === 0).map(([name]) => name)).toEqual([]);
  expect(problemsOf(examples)).toEqual([]);
});
