import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPLETE, incomplete, ServingError } from "@serving-kit/core";
import { definePlatform, type PlatformDefinition, tensor } from "@serving-kit/inference";
import { FakePredictor, type PlatformConformanceOptions } from "../src/index.js";

const LIBRARY = "the library";
const folder = mkdtempSync(join(tmpdir(), "serving-kit-fake-platform-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const half = join(folder, "half.fake");
writeFileSync(half, "");
const foreign = join(folder, "notes.txt");
writeFileSync(foreign, "notes");
const path = join(folder, "model.fake");
writeFileSync(path, "a model");

const missing = (file: string) => new ServingError("NOT_FOUND", "MISSING", `no model at ${file}`);
const sizeOf = (file: string) => stat(file).then(({ size }) => size);

/** A platform with every member, whose library is a file with a certain text. */
export const fakeDefinition: PlatformDefinition<object> = {
  name: "fake",
  load: async ({ clock }) => new FakePredictor({ clock }),
  accepts: async (file) =>
    file.endsWith(".fake") &&
    (await sizeOf(file).then(
      () => true,
      () => false,
    )),
  isComplete: async (file) => ((await sizeOf(file)) > 0 ? COMPLETE : incomplete("it is empty")),
  async inspect(file) {
    if (!file.endsWith(".fake") || !(await sizeOf(file))) throw missing(file);
    return { description: `${file}: serving_default`, problems: [] };
  },
  async libraryReport({ library = path }) {
    const text = await readFile(library, "utf8").catch(() => undefined);
    if (text === undefined) return { name: "fake", problem: "not found", remedy: "install it" };
    return { name: "fake", opened: { version: "1", path: library, origin: "folder" } };
  },
  async install({ dir = folder, signal }) {
    signal?.throwIfAborted();
    await mkdir(dir, { recursive: true });
    const library = join(dir, "fake.so");
    const isNew = (await readFile(library, "utf8").catch(() => "")) !== LIBRARY;
    if (isNew) await writeFile(library, LIBRARY);
    return { name: "fake", version: "1", folder: dir, library, isNew, repaired: [] };
  },
};

/** Returns the suite's options for the fake platform, or for one that differs in some members. */
export const fakePlatformOptions = (
  change: Partial<PlatformDefinition<object>> = {},
): PlatformConformanceOptions => ({
  name: "fake platform",
  create: () => definePlatform({ ...fakeDefinition, ...change })(),
  path,
  foreign,
  incomplete: [half],
  call: { inputs: { x: tensor("float32", [1], [2]) } },
  install: { dir: mkdtempSync(join(folder, "install-")) },
});
