import { cp, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  createModelServer,
  lightgbm,
  type Platform,
  tensorflow,
  tflite,
  xgboost,
} from "../src/index.js";

const examples = `${import.meta.dirname}/../../../examples`;
const digits = `${examples}/models/digits`;

/** The number of bytes read from each file, by its path. */
const read = vi.hoisted(() => new Map<string, number>());
vi.mock("node:fs/promises", async (importOriginal) => {
  const actual = await importOriginal<typeof import("node:fs/promises")>();
  const count = (path: unknown, bytes: number) =>
    read.set(`${path}`, (read.get(`${path}`) ?? 0) + bytes);
  return {
    ...actual,
    async open(...args: Parameters<typeof actual.open>) {
      const file = await actual.open(...args);
      const own = file.read.bind(file) as (...about: unknown[]) => Promise<{ bytesRead: number }>;
      const counting = async (...about: unknown[]) => {
        const answer = await own(...about);
        count(args[0], answer.bytesRead);
        return answer;
      };
      const whole = file.readFile.bind(file) as () => Promise<Buffer>;
      const countingWhole = async () => {
        const content = await whole();
        count(args[0], content.length);
        return content;
      };
      return Object.assign(file, { read: counting, readFile: countingWhole });
    },
    async readFile(...args: Parameters<typeof actual.readFile>) {
      const content = await actual.readFile(...args);
      count(args[0], content.length);
      return content;
    },
  };
});

/** The platforms of trees tell their files from others by so many bytes of their heads, in a few looks. */
const HEADS = 4 * 512;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "serving-kit-reads-"));
  read.clear();
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
  ["variables.index", `${digits}/savedmodel/1`, ["tensorflow 7"]],
  ["model.ubj", `${examples}/xgboost-tabular/income/1`, ["tensorflow 7", "tflite 7", "xgboost 7"]],
  [
    "model.txt",
    `${examples}/lightgbm/prices/1`,
    ["tensorflow 7", "tflite 7", "xgboost 7", "lightgbm 7"],
  ],
])("a version is detected once and its %s read once", async (file, model, detections) => {
  await cp(model, join(folder, "7"), { recursive: true });
  const asked: string[] = [];
  await using server = await createModelServer({
    platforms: [tensorflow(), tflite(), xgboost(), lightgbm()].map((one) => counting(one, asked)),
    models: [{ name: "digits", basePath: folder }],
    // Without libtensorflow the load of the SavedModel fails after its file was read.
    startUpPolicy: "none",
    settleMs: 0,
    manager: { maxLoadRetries: 0 },
  });
  const state = () => server.manager.states("digits")[0]?.state;
  await expect.poll(state).toMatch(/available|end/);
  const [[path, bytes] = [], ...others] = [...read].filter(([path]) => basename(path) === file);
  expect(others).toEqual([]);
  const { size } = await stat(path as string);
  expect(bytes).toBeGreaterThanOrEqual(size);
  expect(bytes).toBeLessThanOrEqual(size + (/ubj|txt/.test(file) ? HEADS : 0));
  expect(asked).toEqual(detections);
});
