import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadClassic, programs } from "./compilers.mjs";

/** A `Compiler` by the language service of TypeScript 5. Programs under different settings share their files. */
export function classicCompiler(version) {
  const ts = loadClassic(version);
  const registry = ts.createDocumentRegistry();
  const services = new Map();
  const { config } = ts.readConfigFile(join(programs, "tsconfig.json"), ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, programs);

  const serviceOf = (settings) => {
    const key = JSON.stringify(settings);
    if (!services.has(key)) {
      services.set(key, ts.createLanguageService(hostOf({ ...options, ...settings }), registry));
    }
    return services.get(key);
  };
  const hostOf = (compilerOptions) => ({
    getCompilationSettings: () => compilerOptions,
    getScriptFileNames: () => fileNames,
    getScriptVersion: () => "1",
    getScriptSnapshot: (path) =>
      existsSync(path) ? ts.ScriptSnapshot.fromString(readFileSync(path, "utf8")) : undefined,
    getCurrentDirectory: () => programs,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    realpath: ts.sys.realpath,
  });
  const diagnosticOf =
    (file) =>
    ({ start, messageText }) => {
      const text = readFileSync(file, "utf8").slice(0, start);
      return {
        file: file.slice(programs.length + 1),
        line: text.split("\n").length - 1,
        start,
        text: ts.flattenDiagnosticMessageText(messageText, "\n"),
      };
    };

  return {
    async diagnose(settings) {
      const service = serviceOf(settings);
      return fileNames.flatMap((file) =>
        [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)].map(
          diagnosticOf(file),
        ),
      );
    },
    /** The errors of the kit's own declarations, except that their dependencies are not found here. */
    async diagnoseDeclarations() {
      const service = serviceOf({ skipLibCheck: false });
      return service
        .getProgram()
        .getSourceFiles()
        .filter(({ fileName }) => fileName.includes("/.type-tests/"))
        .flatMap(({ fileName }) => service.getSemanticDiagnostics(fileName))
        .map(({ file, messageText }) => {
          const text = ts.flattenDiagnosticMessageText(messageText, "\n");
          return `${file.fileName.split("/.type-tests/")[1]}: ${text}`;
        })
        .filter((line) => !/: Cannot find module '(?!@serving-kit)/.test(line));
    },
    async hover(file, offset) {
      const info = serviceOf({}).getQuickInfoAtPosition(join(programs, file), offset);
      return ts.displayPartsToString(info?.displayParts);
    },
    async complete(file, offset) {
      const found = serviceOf({}).getCompletionsAtPosition(join(programs, file), offset, {});
      return (found?.entries ?? []).map(({ name }) => name);
    },
    async close() {
      for (const service of services.values()) service.dispose();
    },
  };
}
