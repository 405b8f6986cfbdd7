import { runToEnd } from "@serving-kit/core";
import type { Platform } from "@serving-kit/inference";
import { filesystemProvider } from "@serving-kit/source-filesystem";
import { describe, expect, it } from "vitest";
import { createModelServer } from "../create-model-server.js";
import type { ModelServerOptions } from "../model-server.js";
import { SourceProviders } from "../models/source-providers.js";
import type { ModelConfig } from "./model-config.js";
import { optionsSchema } from "./options-schema.js";
import { resolveModels as resolveInSteps } from "./resolve-models.js";

const platform = { platformName: "tflite" } as Platform;
const sources = new SourceProviders([filesystemProvider()]);
const scope = (...platforms: Platform[]) => ({
  platforms,
  resolveBasePath: (path: string, place: string) => sources.resolve(path, place),
});
const resolveModels = (...args: Parameters<typeof resolveInSteps>) =>
  runToEnd(resolveInSteps(...args));
const resolve = (...models: unknown[]) => resolveModels(models as ModelConfig[], scope(platform));
const model = { name: "m", basePath: "/models/m" };

describe("resolveModels", () => {
  it("fills in defaults and makes paths absolute", () => {
    expect(resolve({ name: "m", basePath: "models/m" }).get("m")).toEqual({
      name: "m",
      basePath: `${process.cwd()}/models/m`,
      versionPolicy: { kind: "latest", numVersions: 1 },
      labels: {},
    });
  });

  it.each([
    [[{ basePath: "/m" }], "models[0].name: expected string; got undefined"],
    [
      [{ ...model, name: "" }],
      'models[0].name: expected a non-empty string without control characters; got ""',
    ],
    [
      [{ ...model, name: "a\n\u001b[2K" }],
      'models[0].name: expected a non-empty string without control characters; got "a\\n\\u001b[2K"',
    ],
    [
      [{ ...model, basePath: "s3://bucket/m" }],
      'models[0].basePath: expected a path of this machine (mount a bucket, or copy its models here); got "s3://bucket/m"',
    ],
    [
      [{ ...model, requestLog: { type: "csv", filenamePrefix: "/log" } }],
      'models[0].requestLog.type: expected "jsonl", "tfrecord"; got "csv"',
    ],
    [
      [{ ...model, platform: {} }],
      "models[0].platform: expected the name of a platform, or a platform; got an object",
    ],
    [[model, { name: "n", basePath: 3 }], "models[1].basePath: expected string; got 3"],
    [[{ ...model, basepath: "x" }], "models[0]: unknown option basepath; did you mean basePath?"],
    [
      [{ ...model, labels: { stable: 1.5 } }],
      "models[0].labels.stable: expected an integer from 0 to 2^63 - 1; got 1.5",
    ],
    [
      [{ ...model, versionPolicy: "latest" }],
      'models[0].versionPolicy: expected latest(n), all() or specific([…]); got "latest"',
    ],
    [[model, model], "Illegal to list model m multiple times in config list"],
    [
      [{ ...model, platform: "onnx" }],
      'Model m requests unsupported platform onnx; expected one of "tflite"',
    ],
  ])("refuses %j", (models, message) => {
    expect(() => resolve(...models)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", reason: "CONFIG_INVALID", message }),
    );
  });

  it("keeps the platform of a model that is there already", () => {
    const platforms = scope(platform, { platformName: "tensorflow" } as Platform);
    const named = (name: string) => [{ ...model, platform: name }];
    const before = resolveModels(named("tflite"), platforms);
    expect(() => resolveModels(named("tensorflow"), platforms, before)).toThrow(
      "Illegal to change a model's platform. For model m platform was tflite and new platform requested is tensorflow",
    );
    const detected = resolveModels([model], platforms, before);
    expect(resolveModels(named("tensorflow"), platforms, detected).get("m")?.platform).toBe(
      "tensorflow",
    );
  });
});

describe("createModelServer", () => {
  it("knows all its options", () => {
    const options: Record<keyof ModelServerOptions, true> = {
      platforms: true,
      sourceProviders: true,
      sources: true,
      ready: true,
      models: true,
      startUpPolicy: true,
      startUpTimeoutMs: true,
      beforeStart: true,
      pollIntervalMs: true,
      watch: true,
      settleMs: true,
      servableVersionsAlwaysPresent: true,
      stateDir: true,
      allowVersionLabelsForUnavailableModels: true,
      modelControl: true,
      modelRoots: true,
      batching: true,
      perModelBatchingParameters: true,
      processor: true,
      adapters: true,
      manager: true,
      rest: true,
      limits: true,
      authorize: true,
      protocols: true,
      observers: true,
      acquireDecorators: true,
      threads: true,
      logger: true,
      clock: true,
    };
    expect(Object.keys(optionsSchema.shape).sort()).toEqual(Object.keys(options).sort());
  });

  it.each([
    [undefined, "options: expected object; got undefined"],
    [{}, "platforms: expected array; got undefined"],
    [{ platforms: [], model: [], port: 8501 }, "unknown option model, port; did you mean models?"],
    [{ platforms: [() => platform] }, "platforms[0]: expected a platform; got a function"],
    [
      { platforms: [], startUpPolicy: "some" },
      'startUpPolicy: expected "all", "any", "none"; got "some"',
    ],
    [
      { platforms: [], startUpTimeoutMs: -1 },
      "startUpTimeoutMs: expected milliseconds, at least 0; got -1",
    ],
    [{ platforms: [], rest: { maxBodyBytes: 0 } }, "rest.maxBodyBytes: expected at least 1; got 0"],
    [{ platforms: [], rest: { corse: true } }, "rest: unknown option corse; did you mean cors?"],
    [{ platforms: [], logger: { info() {} } }, "logger.warn: expected a function; got undefined"],
    [
      { platforms: [], models: 3 },
      "models: expected { name: path } or a list of { name, basePath }; got 3",
    ],
    [
      { platforms: [], manager: { acquire: () => {} } },
      "manager: expected options for the manager, not a manager; got an object",
    ],
  ])("names the option that is wrong: %j", async (options, message) => {
    await expect(createModelServer(options as ModelServerOptions)).rejects.toMatchObject({
      reason: "CONFIG_INVALID",
      message,
    });
  });
});
