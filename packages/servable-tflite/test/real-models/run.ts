import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { libraryReport } from "../../src/index.js";
import type { Answers } from "./answers.js";
import { askKit } from "./ask-kit.js";
import { groupOf, type ListedModel, listedModels } from "./model-list.js";
import type { Result } from "./outcome.js";
import { findPython, runPython } from "./python.js";
import { formatTable } from "./table.js";

// `npm run test:real-models [-- NAME …]`: every file of the list, or the named ones, against Python's LiteRT.
// Exits 1 if a file is failed, wrong, crashed or hung, or if more than 5 % of what Python answers is refused.
const MAX_REFUSED = 0.05;
const cache = fileURLToPath(new URL("../../../../.cache/real-models", import.meta.url));
const [models, answers] = [join(cache, "models"), join(cache, "answers")];

async function main(names: readonly string[]): Promise<boolean> {
  const listed = listedModels();
  const unknown = names.find((name) => !listed.some((model) => model.name === name));
  if (unknown !== undefined) throw new Error(`no "${unknown}" in models.json`);
  const wanted = listed.filter(({ name }) => names.length === 0 || names.includes(name));
  const python = findPython(cache);
  mkdirSync(answers, { recursive: true });
  runPython(python, "collect.py", [models, ...wanted.map(({ name }) => name)]);
  const files = wanted.filter(({ name }) => existsSync(pathOf(name)));
  runPython(python, "reference.py", [answers, ...files.map(({ name }) => pathOf(name))]);
  const results = await askAll(files);
  writeFileSync(join(cache, "result.json"), `${JSON.stringify(results, null, 1)}\n`);
  process.stdout.write(formatTable(results, await runtime()));
  return isPassed(results);
}

const pathOf = (name: string) => join(models, `${name}.tflite`);

async function askAll(files: readonly ListedModel[]): Promise<Result[]> {
  const queue = files.entries();
  const results: Result[] = [];
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (const [index, model] of queue) {
        results[index] = await resultOf(model);
        process.stderr.write(`${model.name}: ${results[index].verdict}\n`);
      }
    }),
  );
  return results;
}

async function resultOf(model: ListedModel): Promise<Result> {
  const path = join(answers, model.name);
  const { cases = [] } = JSON.parse(readFileSync(`${path}.json`, "utf8")) as Answers;
  const isComparable = cases.some(({ outputs }) => outputs !== undefined);
  const outcome = await askKit(pathOf(model.name), path);
  return { name: model.name, group: groupOf(model), isComparable, ...outcome };
}

async function runtime(): Promise<string> {
  const { name, opened } = await libraryReport();
  return `${name} ${opened?.version ?? "not found"}`;
}

function isPassed(results: readonly Result[]): boolean {
  const comparable = results.filter((result) => result.isComparable);
  const count = (verdict: string) =>
    comparable.filter((result) => result.verdict === verdict).length;
  const fatal = results.filter(({ verdict }) => verdict === "crashed" || verdict === "hung").length;
  const refused = count("refused");
  return (
    fatal + count("failed") + count("wrong") === 0 && refused <= MAX_REFUSED * comparable.length
  );
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
