import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definePlatform } from "@serving-kit/inference";
import { platformOf } from "@serving-kit/server";
import { afterAll, describe, expect, it } from "vitest";
import { builtIns } from "../built-ins.js";
import { parseFlags } from "../flags.js";
import { serverFlags } from "../server-flags.js";
import { loadPlatforms } from "./load-platforms.js";
import type { PlatformRow, PlatformSetup } from "./platform-row.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-platforms-"));
afterAll(() => rmSync(folder, { recursive: true }));

const version = (name: string, ...files: string[]) => {
  mkdirSync(join(folder, name));
  for (const file of files) writeFileSync(join(folder, name, file), "");
  return join(folder, name);
};
const savedModel = version("saved", "saved_model.pb");
const lite = version("lite", "model.tflite");
const both = version("both", "saved_model.pb", "model.tflite");

const id = { name: "m", version: 1n };

function platformsOf(prefersTflite: boolean) {
  const args = [`--prefer_tflite_model=${prefersTflite}`];
  return loadPlatforms(builtIns.platforms, { flags: parseFlags(serverFlags, args).flags });
}

/** By which library the first platform that accepts it would load a version. */
async function loadedBy(path: string, prefersTflite: boolean, named?: string) {
  const platforms = await platformsOf(prefersTflite);
  const loader = async () => {
    for (const platform of platforms) {
      const isNamed = named === undefined || platform.platformName === named;
      if (isNamed && (await platform.accepts(path))) return platform.loader({ path }, id);
    }
    throw new Error("accepted by none");
  };
  const { signal } = new AbortController();
  const error = await (await loader()).load({ id, signal }).catch((thrown) => thrown);
  return error.reason; // the files are empty, which each finds out by itself
}

describe("loadPlatforms", () => {
  it("treats a folder with a SavedModel and a .tflite as a SavedModel, as TF Serving does", async () => {
    const [reasonOfSavedModel, reasonOfLite] = [
      await loadedBy(savedModel, false),
      await loadedBy(lite, false),
    ];
    expect(reasonOfSavedModel).not.toBe(reasonOfLite);
    expect(await loadedBy(both, false)).toBe(reasonOfSavedModel);
    expect(await loadedBy(both, true)).toBe(reasonOfLite);
    expect(await loadedBy(both, true, "tensorflow")).toBe(reasonOfLite);
    expect(await loadedBy(savedModel, true, "tensorflow")).toBe(reasonOfSavedModel);
    expect(await loadedBy(lite, false, "tflite")).toBe(reasonOfLite);
  });

  it("names its platforms as configuration does, whichever is preferred", async () => {
    for (const prefersTflite of [true, false]) {
      const platforms = await platformsOf(prefersTflite);
      const names = platforms.map(({ platformName }) => platformName);
      expect(names).toEqual(["tensorflow", "tflite", "onnx", "xgboost", "lightgbm", "python"]);
    }
  });

  it("accepts tree models and ONNX files next to a Python module, unless the platform is named", async () => {
    const { flags } = parseFlags(serverFlags, ["--python"]);
    const platforms = await loadPlatforms(builtIns.platforms, { flags });
    const acceptedBy = async (path: string) => {
      for (const platform of platforms) if (await platform.accepts(path)) return platform;
      return undefined;
    };
    const trees = version("trees");
    writeFileSync(join(trees, "model.py"), "pass");
    const kinds = { "model.ubj": "xgboost", "model.txt": "lightgbm", "model.onnx": "onnx" };
    for (const [file, platform] of Object.entries(kinds)) {
      expect((await acceptedBy(trees))?.platformName).toBe("python");
      const heads = { xgboost: "{L\0\0\0\0\0\0\0\x07learner", lightgbm: "tree\nversion=v4\n" };
      writeFileSync(join(trees, file), heads[platform as keyof typeof heads] ?? "", "latin1");
      expect((await acceptedBy(trees))?.platformName).toBe(platform);
      expect(await platformOf("python", platforms).accepts(trees)).toBe(true);
      rmSync(join(trees, file));
    }
  });

  it("asks each platform once whether a version is its own, from the check of completeness to the load", async () => {
    const asked: string[] = [];
    const row = (name: string): PlatformRow => ({
      name,
      load: async () =>
        definePlatform({
          name,
          accepts: async (path) => {
            asked.push(name);
            return path.includes(name);
          },
          load: () => Promise.reject(new Error(`loaded by ${name}`)),
        })(),
    });
    const platforms = await loadPlatforms(
      [{ ...row("big"), prefers: () => "small" }, row("small")],
      { flags: {} } as PlatformSetup,
    );
    const loadedAs = async (path: string, named?: string) => {
      asked.length = 0;
      const platform = platformOf(named, platforms);
      const answer = await platform.isComplete(path);
      if (!answer.isComplete) return answer.problem;
      const { found } = answer;
      const { signal } = new AbortController();
      const load = platform.loader({ path, found }, id).load({ id, signal });
      return load.catch((error) => error.message);
    };
    for (const named of [undefined, "big"]) {
      expect(await loadedAs("/m/small and big", named)).toBe("loaded by small");
      expect(asked).toEqual(["small"]);
      expect(await loadedAs("/m/big", named)).toBe("loaded by big");
      expect(asked).toEqual(["small", "big"]);
    }
    expect(await loadedAs("/m/other", "big")).toBe("loaded by big");
    expect(asked).toEqual(["small", "big"]);
  });
});
