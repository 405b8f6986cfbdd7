import { servableId } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { nativeCounts, tflite } from "@serving-kit/servable-tflite";
import { openTflite } from "../packages/servable-tflite/src/native/library.js";

// The child process of bench/tflite/memory.ts: LIBRARY MODEL INTERPRETERS. Prints how much resident memory
// the model takes once that many calls have run at the same time.
const [library, path, count] = process.argv.slice(2) as [string, string, string];
const interpreters = Number(count);
const { library: opened } = await openTflite(library);
const before = residentMb();
const id = servableId("model", 1);
const { signal } = new AbortController();
const loader = tflite({ library, interpreters, execution: "thread" }).loader({ path }, id);
const predictor = (await loader.load({ id, signal })) as Predictor;
const image = tensor("float32", [1, 224, 224, 3], new Float32Array(224 * 224 * 3).fill(0.5));
const [input = ""] = predictor.signatures.get("serving_default")?.inputs.keys() ?? [];
await Promise.all(
  Array.from({ length: interpreters }, () => predictor.predict({ [input]: image })),
);
const gainedMb = residentMb() - before;
if (nativeCounts().interpreters !== interpreters) throw new Error("not all interpreters were used");
process.stdout.write(JSON.stringify({ version: opened.version, gainedMb }));

function residentMb(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
}
