import { type Tensors, tensor } from "@serving-kit/inference";
import { returnFreedMemory } from "@serving-kit/native-library";
import { nativeCounts } from "../src/index.js";
import { expectedCalls, type Loaded, loadNamed } from "./support.js";

// Runs models 200,000 times, loads and unloads them 200 times, and prints how many MiB the process has grown by each.

const RUNS_OF_EACH = 25_000;
const LOADS = 200;
/** Before anything counts: what is compiled and allocated at first stays. */
const WARM_RUNS = 5_000;
const WARM_LOADS = 40;

async function rssMiB(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await returnFreedMemory();
  return process.memoryUsage.rss() / 2 ** 20;
}

const inputsOf = (name: string) => expectedCalls(name)[0]?.inputs ?? {};
const dense = inputsOf("dense");
/** The batches of 500 sizes, of which 64 keep native tensors. */
const sizes = Array.from({ length: 500 }, (_, i): Tensors => {
  return { x: tensor("float32", [1 + i, 3], new Float32Array(3 * (1 + i))) };
});
const wrong = { i: tensor("int64", [2], [3n, 9n]) };

type Kind = (predictors: Readonly<Record<string, Loaded>>, run: number) => Promise<unknown>;

/** The runs by how they use native memory. */
const kinds: readonly Kind[] = [
  ({ inline }, run) =>
    inline?.predict(dense, { outputs: run % 2 ? ["y"] : [] }) as Promise<unknown>,
  ({ thread }) => thread?.predict(dense) as Promise<unknown>,
  ({ inline }, run) => inline?.predict(sizes[run % 500] as Tensors) as Promise<unknown>,
  ({ strings }) => strings?.predict(inputsOfStrings) as Promise<unknown>,
  ({ zipMap }) => zipMap?.predict(inputsOfZipMap) as Promise<unknown>,
  ({ passThrough }) => passThrough?.predict(inputsOfPassThrough) as Promise<unknown>,
  ({ optional }) => optional?.predict(inputsOfDefault) as Promise<unknown>,
  ({ gather }) => gather?.predict(wrong).catch(() => {}) as Promise<unknown>,
];
const inputsOfStrings = inputsOf("strings");
const inputsOfZipMap = inputsOf("zip-map");
const inputsOfPassThrough = inputsOf("pass-through");
const inputsOfDefault = inputsOf("default");

async function loadAll(): Promise<Readonly<Record<string, Loaded>>> {
  return {
    inline: await loadNamed("dense", { options: { execution: "inline" } }),
    thread: await loadNamed("dense", { options: { execution: "thread" } }),
    strings: await loadNamed("strings"),
    zipMap: await loadNamed("zip-map-texts"),
    passThrough: await loadNamed("pass-through"),
    optional: await loadNamed("default"),
    gather: await loadNamed("gather"),
  };
}

async function run(predictors: Readonly<Record<string, Loaded>>, count: number): Promise<number> {
  let runs = 0;
  for (const kind of kinds) {
    for (let i = 0; i < count; i++, runs++) await kind(predictors, i);
  }
  return runs;
}

async function loadAndUnload(times: number): Promise<void> {
  const names = ["dense", "strings", "zip-map", "external", "images"];
  for (let i = 0; i < times; i++) {
    await using predictor = await loadNamed(names[i % names.length] as string);
    if (predictor.signatures.size === 0) throw new Error("it has no signature");
  }
}

const predictors = await loadAll();
await run(predictors, WARM_RUNS);
const before = await rssMiB();
const runs = await run(predictors, RUNS_OF_EACH);
const byRuns = (await rssMiB()) - before;
for (const predictor of Object.values(predictors)) await predictor[Symbol.asyncDispose]();
await loadAndUnload(WARM_LOADS);
const unloaded = await rssMiB();
await loadAndUnload(LOADS);
const byLoads = (await rssMiB()) - unloaded;
process.stdout.write(JSON.stringify({ runs, byRuns, byLoads, left: nativeCounts() }));
