import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { libraryCandidates } from "../../packages/servable-tflite/src/native/library.js";
import type { Benchmark, Figure } from "../figure.js";
import { realModels } from "../real-models.js";

const MODEL = "mobilenet_f32";
const run = promisify(execFile);
const child = fileURLToPath(new URL("../tflite-memory.ts", import.meta.url));

const benchmark: Benchmark = {
  name: "resident memory of one and of four interpreters of MobileNetV2, on each runtime",
  async run() {
    const path = realModels([MODEL]).get(MODEL);
    if (path === undefined) {
      process.stderr.write(`skipped: ${MODEL} cannot be converted\n`);
      return [];
    }
    const figures: Figure[] = [];
    for (const library of await libraries()) figures.push(...(await measureMemory(library, path)));
    return figures;
  },
};
export default benchmark;

/** The libraries of the npm packages of this platform: each runtime that is there. */
async function libraries(): Promise<string[]> {
  const places = libraryCandidates().filter(({ origin }) => origin.startsWith("npm package"));
  const located = await Promise.all(places.map((place) => place.locate()));
  return located.flatMap((found) => ("path" in found ? [found.path] : []));
}

/** The output of `bench/tflite-memory.ts`. */
interface Memory {
  readonly version: string;
  readonly gainedMb: number;
}

async function measureMemory(library: string, path: string): Promise<Figure[]> {
  const measureOnce = async (interpreters: number): Promise<Memory> => {
    const { stdout } = await run(
      process.execPath,
      [...process.execArgv, child, library, path, String(interpreters)],
      { env: { ...process.env, UV_THREADPOOL_SIZE: "8" } },
    );
    return JSON.parse(stdout);
  };
  const [one, four] = [await measureOnce(1), await measureOnce(4)];
  return [
    { name: `MobileNetV2 on ${one.version}: one interpreter`, value: one.gainedMb, unit: "MB" },
    { name: `MobileNetV2 on ${one.version}: four interpreters`, value: four.gainedMb, unit: "MB" },
  ];
}
