import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { startWorker } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-worker-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["JavaScript", "js", ""],
  ["TypeScript", "ts", ": unknown"],
])("a module in %s is that next to the caller's, with the caller's options", async (...row) => {
  const [, extension, type] = row;
  writeFileSync(
    join(folder, `worker.m${extension}`),
    `import { parentPort, workerData } from "node:worker_threads";
     const sum${type} = workerData.a + workerData.b;
     parentPort?.postMessage([sum, process.execArgv.includes("--no-warnings")]);`,
  );
  // Modules by their extension: there is no package.json here.
  const from = pathToFileURL(join(folder, `caller.${extension}`)).href;
  writeFileSync(
    join(folder, `entry.${extension}`),
    `import(${JSON.stringify(pathToFileURL(join(folder, `worker.m${extension}`)).href)});`,
  );
  const options = { workerData: { a: 1, b: 2 }, execArgv: ["--no-warnings"] };
  const worker = startWorker("./entry", from, options);
  const ended = once(worker, "exit");
  expect(await once(worker, "message")).toEqual([[3, true]]);
  await ended;
});
