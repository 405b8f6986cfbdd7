import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

// What an application does, from its first import on; the packages come from their `dist`.
const program = `
const startedAt = performance.now();
const { readFileSync } = await import("node:fs");
const { AspiredVersionsManager } = await import("@serving-kit/core");
const { tensor } = await import("@serving-kit/inference");
const { tflite } = await import("@serving-kit/servable-tflite");
const { filesystemSource } = await import("@serving-kit/source-filesystem");
const importedAt = performance.now();
const manager = new AspiredVersionsManager();
const basePath = process.argv[1];
manager.connect(filesystemSource({ servables: [{ name: "digits", basePath }] }).pipe(tflite()));
await manager.available({ name: "digits" });
const digits = manager.acquire({ name: "digits" });
const [{ image }] = JSON.parse(readFileSync(basePath + "/samples.json", "utf8"));
await digits.servable.predict({ image: tensor("float32", [1, 64], image) });
const answeredAt = performance.now();
digits.release();
await manager.close();
process.stdout.write(JSON.stringify({
  imports: importedAt - startedAt,
  total: answeredAt - startedAt,
  process: performance.timeOrigin + answeredAt,
}));`;

const run = promisify(execFile);
const digits = fileURLToPath(new URL("../examples/models/digits", import.meta.url));
const checkout = fileURLToPath(new URL("..", import.meta.url));

/** The packages that must be built for `startOnce`, by folder in `packages`. */
export const COLD_START_PACKAGES: readonly string[] = ["source-filesystem", "servable-tflite"];

/** The times of one fresh process in ms. */
export interface ColdStart {
  readonly imports: number;
  /** From the first import to the answer. */
  readonly total: number;
  /** From the start of the process to the answer. */
  readonly process: number;
}

/** Starts a process that loads the digits model and answers once, with the packages of a checkout. */
export async function startOnce(root = checkout): Promise<ColdStart> {
  const startedAt = performance.timeOrigin + performance.now();
  const args = ["--input-type=module", "--eval", program, digits];
  const { stdout } = await run(process.execPath, args, { cwd: join(root, "bench") });
  const { imports, total, process: answeredAt } = JSON.parse(stdout) as ColdStart;
  return { imports, total, process: answeredAt - startedAt };
}
