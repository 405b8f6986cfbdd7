import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isServingError } from "@serving-kit/core";
import { nativeCounts } from "../src/native/native-counts.js";
import { syntheticWarmUp } from "../src/warm-up/warm-up-request.js";
import { digitsPath, load, zooPath } from "./zoo.js";

// Loads models whose files are damaged at random, and calls those that load. Prints the outcome of
// them. The process has to live.
const [count = 40, seed = 1] = process.argv.slice(2).map(Number);
const models = [
  digitsPath,
  ...["arithmetic", "jpeg", "keras3", "strings", "table", "tf1", "tf1-text"].map(zooPath),
];
const CALL_MS = 3_000;

/** mulberry32: the same damage in every run with the same seed. */
let state = seed;
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

async function damage(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const { parentPath, name } = files[random(files.length)] as (typeof files)[number];
  const file = join(parentPath, name);
  const { size } = await stat(file);
  if (size === 0 || random(4) === 0) return truncate(file, random(size + 1));
  const bytes = await readFile(file);
  for (let flips = 1 + random(8); flips > 0; flips--) bytes[random(size)] = random(256);
  return writeFile(file, bytes);
}

const outcomes: Record<string, number> = {};
const strange: string[] = [];
const note = (outcome: string) => {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
};
for (let i = 0; i < count; i++) {
  const folder = await mkdtemp(join(tmpdir(), "serving-kit-"));
  try {
    const model = models[i % models.length] as string;
    await cp(model, folder, { recursive: true });
    await damage(folder);
    const predictor = await load(folder);
    try {
      for (const { inputs, signature } of syntheticWarmUp(predictor.signatures)) {
        const deadlineAtMs = performance.now() + CALL_MS;
        await predictor.predict(inputs, { signature: signature as string, deadlineAtMs }).then(
          () => note("answered"),
          ({ reason }) => note(String(reason)),
        );
      }
    } finally {
      await predictor[Symbol.asyncDispose]();
    }
  } catch (error) {
    note(isServingError(error) ? error.reason : "strange");
    if (!isServingError(error)) strange.push(String(error));
    else if (!error.message.includes(folder)) strange.push(`no path: ${error.message}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
process.stdout.write(
  `${JSON.stringify({ outcomes, strange, sessions: nativeCounts().sessions })}\n`,
);
