import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MODELS = {
  tflite: { folder: "digits", package: "servable-tflite", platform: "tflite" },
  savedmodel: {
    folder: "digits/savedmodel",
    package: "servable-tensorflow",
    platform: "tensorflow",
  },
} as const;

/** A kind of model whose start is measured. */
export type ColdModel = keyof typeof MODELS;

// What an application does, from its first import on; the packages come from their `dist`.
const program = (kit: string, platform: string) => `
const startedAt = performance.now();
const { readFileSync } = await import("node:fs");
const { AspiredVersionsManager } = await import("@serving-kit/core");
const { tensor } = await import("@serving-kit/inference");
const { ${platform}, libraryReport } = await import("@serving-kit/${kit}");
const { filesystemSource } = await import("@serving-kit/source-filesystem");
const importedAt = performance.now();
const [basePath, samples, isParted] = process.argv.slice(1);
if (isParted) await libraryReport();
const openedAt = performance.now();
const manager = new AspiredVersionsManager();
manager.connect(filesystemSource({ servables: [{ name: "digits", basePath }] }).pipe(${platform}()));
await manager.available({ name: "digits" });
const loadedAt = performance.now();
const digits = manager.acquire({ name: "digits" });
const [{ image }] = JSON.parse(readFileSync(samples, "utf8"));
await digits.servable.predict({ image: tensor("float32", [1, 64], image) });
const answeredAt = performance.now();
digits.release();
await manager.close();
process.stdout.write("\\n" + JSON.stringify({
  imports: importedAt - startedAt,
  library: openedAt - importedAt,
  load: loadedAt - openedAt,
  run: answeredAt - loadedAt,
  total: answeredAt - startedAt,
  process: performance.timeOrigin + answeredAt,
}));`;

const run = promisify(execFile);
const models = fileURLToPath(new URL("../examples/models", import.meta.url));
const checkout = fileURLToPath(new URL("..", import.meta.url));

/** The packages that must be built for `startOnce`, by folder in `packages`. */
export const COLD_START_PACKAGES: readonly string[] = [
  "source-filesystem",
  ...Object.values(MODELS).map((model) => model.package),
];

/** The times of one fresh process in ms. */
export interface ColdStart {
  /** The kit's modules. */
  readonly imports: number;
  /** Finding and opening the native library; 0 unless it is measured apart from the load. */
  readonly library: number;
  /** From the source to an available version, warmed up. */
  readonly load: number;
  /** The first call. */
  readonly run: number;
  /** From the first import to the answer. */
  readonly total: number;
  /** From the start of the process to the answer. */
  readonly process: number;
}

/**
 * Starts a process that loads the digits model and answers once, with the packages of a checkout. `isParted`: the
 * library is opened before the model is loaded, to measure it.
 */
export async function startOnce(
  root = checkout,
  { model = "tflite", isParted = false }: { model?: ColdModel; isParted?: boolean } = {},
): Promise<ColdStart> {
  const { folder, package: kit, platform } = MODELS[model];
  const startedAt = performance.timeOrigin + performance.now();
  const paths = [join(models, folder), join(models, "digits/samples.json")];
  const code = ["--input-type=module", "--eval", program(kit, platform)];
  const args = [...code, ...paths, ...(isParted ? ["parted"] : [])];
  const { stdout } = await run(process.execPath, args, { cwd: join(root, "bench") });
  const times = JSON.parse(stdout.slice(stdout.lastIndexOf("\n"))) as ColdStart;
  return { ...times, process: times.process - startedAt };
}
