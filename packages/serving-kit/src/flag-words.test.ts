import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Loader, servableId } from "@serving-kit/core";
import { definePlatform, type Predictor } from "@serving-kit/inference";
import { serverErrors } from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import {
  FLAG_OF_OPTION,
  inFlagWords,
  loggerInFlagWords,
  platformInFlagWords,
  rethrowInFlagWords,
} from "./flag-words.js";
import { serverFlags } from "./server-flags.js";

const packages = join(import.meta.dirname, "../..");

/** The strings in the sources of the libraries, with their file: what a message is made of. */
function stringsOfLibraries(): readonly (readonly [path: string, text: string])[] {
  return readdirSync(packages)
    .filter((name) => name !== "serving-kit" && name !== "testing")
    .flatMap((name) => {
      const sources = readdirSync(join(packages, name, "src"), { recursive: true })
        .map((file) => join(packages, name, "src", String(file)))
        .filter((file) => file.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(file));
      return sources.flatMap((file) => {
        const code = readFileSync(file, "utf8").replaceAll(/\/\*.*?\*\/|^\s*\/\/.*$/gms, "");
        const strings = code.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g);
        return [...strings].map(([text]) => [file, text] as const);
      });
    });
}

describe("messages of the libraries", () => {
  it("name options that are known here, with their flags or as ones that the command never sets", () => {
    const named = stringsOfLibraries().flatMap(([file, text]) =>
      // A checker of options says `option ${name} of tflite must be …`: the command passes none that is wrong.
      [...text.matchAll(/\boption ([a-z]\w*)/g)].map(([, option = ""]) => ({ file, option })),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(({ option }) => !Object.hasOwn(FLAG_OF_OPTION, option))).toEqual([]);
  });

  it("name no flag of the command", () => {
    const flags = Object.keys(serverFlags).filter((flag) => flag.includes("_"));
    const pattern = new RegExp(`--(?:${flags.join("|")})\\b`);
    // What a client is told names both: it does not know which of them its server has.
    const toClients = /model(?:Control|Roots)|limits\./;
    const named = stringsOfLibraries().filter(
      ([, text]) => pattern.test(text) && !toClients.test(text),
    );
    expect(named).toEqual([]);
  });
});

describe("inFlagWords", () => {
  it("has flags that exist", () => {
    const ofFiles = [
      "model",
      "batching parameters",
      "SSL",
      "monitoring",
      "session",
      "platform",
    ].map((kind) =>
      inFlagWords(`${kind.replace(/^(?!batching).*/, "$& config")} file: `).slice(2, -2),
    );
    const ofOptions = Object.values(FLAG_OF_OPTION).filter((flag) => flag !== undefined);
    const flags = [...ofFiles, ...ofOptions];
    expect(Object.keys(serverFlags)).toEqual(expect.arrayContaining(flags));
  });

  it.each([
    ["Pass its tags in the option tags", "Pass its tags in --saved_model_tags"],
    ['set option startUpPolicy: "none"', "set --start_up_policy=none"],
    ["option threads: one event loop answers", "--http_threads: one event loop answers"],
    ["option useXnnpack is true", "option useXnnpack is true"],
    ["option constructor", "option constructor"],
    ["models[0].basePath: expected a path", "--model_base_path: expected a path"],
    ["models[0].labels: expected", "models[0].labels: expected"],
  ])("%j becomes %j", (message, expected) => {
    expect(inFlagWords(message)).toBe(expected);
  });

  it("names the field of a model config file", () => {
    expect(inFlagWords("models[3].versionPolicy: expected", true)).toBe(
      "model_config_list.config[3].version_policy: expected",
    );
  });
});

describe("what the command reports", () => {
  const id = servableId("m", 1);
  const { signal } = new AbortController();

  it("of an error: the message in flags, all else as it was", () => {
    const cause = new Error("of the model");
    const error = serverErrors.startUpFailed("any", [{ name: "m", error: cause }]);
    const { code, reason, details } = error;
    expect(() => rethrowInFlagWords(error)).toThrow(
      "fix the models, or set --start_up_policy=none",
    );
    expect(error).toMatchObject({ code, reason, details, cause });
    expect(() => rethrowInFlagWords("option tags")).toThrow("option tags"); // no ServingError
  });

  it("of a version that fails to load or to be probed", async () => {
    const refuse = () =>
      Promise.reject(serverErrors.configInvalid("Pass its tags in the option tags"));
    const platform = definePlatform({ name: "refusing", load: refuse, probe: refuse })();
    const loader: Loader<Predictor> = platformInFlagWords(platform).loader({ path: "/m" }, id);
    const expected = { reason: "CONFIG_INVALID", message: "Pass its tags in --saved_model_tags" };
    await expect(loader.load({ id, signal })).rejects.toMatchObject(expected);
    await expect(loader.probe?.({ id, signal })).rejects.toMatchObject(expected);
    const context = { path: "/m", sizeBytes: 10 };
    expect(await platformInFlagWords(platform).loader(context, id).estimateResources?.()).toEqual(
      await platform.loader(context, id).estimateResources?.(),
    );
  });

  it("to the log", () => {
    const lines: string[] = [];
    const write = (_: object, message: string) => void lines.push(message);
    const logger = loggerInFlagWords({ info: write, warn: write, error: write }, true);
    logger.info({}, "option threads: one");
    logger.warn({}, "models[0].basePath: a path");
    logger.error({}, "the option tags");
    expect(lines).toEqual([
      "--http_threads: one",
      "model_config_list.config[0].base_path: a path",
      "--saved_model_tags",
    ]);
  });
});
