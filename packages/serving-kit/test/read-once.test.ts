import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createModelServer, type Platform, tensorflow, tflite } from "../src/index.js";

const digits = `${import.meta.dirname}/../../../examples/models/digits`;

/** The names of the files that were opened or read, in order. */
const opened = vi.hoisted((): string[] => []);
vi.mock("node:fs/promises", async (importOriginal) => {
  const actual = await importOriginal<typeof import("node:fs/promises")>();
  const counting =
    <F extends (...args: never[]) => unknown>(call: F) =>
    (...args: Parameters<F>) => {
      opened.push(String(args[0]));
      return call(...args);
    };
  return { ...actual, open: counting(actual.open), readFile: counting(actual.readFile) };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-reads-"));
  opened.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

/** A platform that counts how often it is asked whether a version is its own. */
function counting(platform: Platform, asked: string[]): Platform {
  const call = (source: Parameters<Platform>[0]) => platform(source);
  return Object.assign(call, platform, {
    accepts(path: string) {
      asked.push(`${platform.platformName} ${basename(path)}`);
      return platform.accepts(path);
    },
  });
}

it.each([
  ["model.tflite", `${digits}/1`, ["tensorflow 7", "tflite 7"]],
  ["saved_model.pb", `${digits}/savedmodel/1`, ["tensorflow 7"]],
])("a version is detected once and its %s read once", async (file, model, detections) => {
  await cp(model, join(folder, "7"), { recursive: true });
  const asked: string[] = [];
  await using server = await createModelServer({
    platforms: [counting(tensorflow(), asked), counting(tflite(), asked)],
    models: [{ name: "digits", basePath: folder }],
    // Without libtensorflow the load of the SavedModel fails after its file was read.
    startUpPolicy: "none",
    settleMs: 0,
    manager: { maxLoadRetries: 0 },
  });
  const state = () => server.manager.states("digits")[0]?.state;
  await expect.poll(state, { timeout: 15_000 }).toMatch(/available|end/);
  expect(opened.filter((path) => path.startsWith(folder) && basename(path) === file)).toHaveLength(
    1,
  );
  expect(asked).toEqual(detections);
});
