import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { proveRows } from "../../packages/batching/src/index.js";
import { silentLogger, systemClock } from "../../packages/core/src/index.js";
import type { Predictor } from "../../packages/inference/src/index.js";
import { tensorflow } from "../../packages/servable-tensorflow/src/index.js";
import { tflite } from "../../packages/servable-tflite/src/index.js";

// verdicts.ts FOLDER…: loads each model of the folders, prints what both proofs say, and fails if a dependent model
// would be batched or fewer than 70 % of the independent ones.

interface Truth {
  readonly independent: boolean;
}

const platforms = { "saved_model.pb": tensorflow({ warmup: "none" }), "model.tflite": tflite() };

/** A predictor of the model in a folder; undefined if the kit does not run it. */
async function open(path: string): Promise<(Predictor & AsyncDisposable) | undefined> {
  const [, platform] =
    Object.entries(platforms).find(([file]) => existsSync(join(path, file))) ?? [];
  if (platform === undefined) return undefined;
  const id = { name: "m", version: 1n };
  const signal = new AbortController().signal;
  const context = { id, signal, logger: silentLogger, clock: systemClock };
  try {
    return (await platform.loader({ path }, id).load(context)) as Predictor & AsyncDisposable;
  } catch {
    return undefined;
  }
}

const counts = { independent: 0, batched: 0, dependent: 0, wrong: 0 };
for (const folder of process.argv.slice(2)) {
  for (const file of readdirSync(folder).filter((name) => name.startsWith("truth."))) {
    const truths = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, Truth>;
    for (const [name, { independent }] of Object.entries(truths)) {
      await using predictor = await open(join(folder, name, "1"));
      if (predictor === undefined || !predictor.batchable) continue;
      const startedAt = performance.now();
      // Longer than a server waits, so that no verdict depends on the machine.
      const proofs = [...(await proveRows(predictor, { timeLimitMs: 120_000 }))];
      const ms = performance.now() - startedAt;
      const isBatched = proofs.every(([, { verdict }]) => verdict === "independent");
      const isAnyBatched = proofs.some(([, { verdict }]) => verdict === "independent");
      counts[independent ? "independent" : "dependent"]++;
      if (independent && isBatched) counts.batched++;
      if (!independent && isAnyBatched) counts.wrong++;
      const [, { verdict, reason }] = proofs.find(([, one]) => one.verdict !== "independent") ??
        proofs[0] ?? ["", { verdict: "unknown", reason: "it has no signature" }];
      const truth = independent ? "independent" : "dependent";
      console.log(`${name} (${truth}): ${verdict}: ${reason}, ${ms.toFixed(0)} ms`);
    }
  }
}
const share = counts.batched / counts.independent;
console.log(
  `${counts.wrong} of ${counts.dependent} dependent models are batched, ` +
    `${counts.batched} of ${counts.independent} independent ones (${(100 * share).toFixed(0)} %)`,
);
process.exitCode = counts.wrong > 0 || share < 0.7 ? 1 : 0;
