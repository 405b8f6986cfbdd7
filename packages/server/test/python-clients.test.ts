import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { tensorflow } from "../../servable-tensorflow/src/index.js";
import { skipReason } from "../../servable-tensorflow/test/zoo.js";
import { tflite } from "../../servable-tflite/src/index.js";
import { findPython } from "./python.js";
import { World } from "./world.js";

const MODELS = resolve(import.meta.dirname, "../../../examples/models");
const ZOO = [
  "dtypes",
  "shapes",
  "strings",
  "jpeg",
  "table",
  "arithmetic",
  "sequence",
  "keras3",
  "tf1",
];
const PACKAGES = ["tensorflow", "tensorflow_serving", "grpc", "requests"];

const python = findPython(...PACKAGES);
const why = `needs Python with ${PACKAGES.join(", ")}: name it by SERVING_KIT_PYTHON`;
const skipped = python === undefined ? ` (skipped: ${why})` : skipReason;

describe.skipIf(skipped !== "")(`requests and tensorflow-serving-api for Python${skipped}`, () => {
  it("get from REST and gRPC what TensorFlow computes in Python", async () => {
    await using world = await World.create();
    await mkdir(join(world.path, "examples"));
    const server = await world.serve([], {
      platforms: [tensorflow(), tflite()],
      startUpPolicy: "none",
      pollIntervalMs: 100,
      settleMs: 200,
      models: [
        ...ZOO.map((name) => ({ name, basePath: join(MODELS, "zoo", name) })),
        { name: "digits", basePath: join(MODELS, "digits/savedmodel") },
        { name: "digits-tflite", basePath: join(MODELS, "digits") },
        { name: "examples", basePath: join(world.path, "examples") },
      ],
    });
    const host = "127.0.0.1";
    const rest = await server.listen({ port: 0, host });
    const grpc = await server.listenGrpc({ port: 0, host });
    const script = join(import.meta.dirname, "clients/conformance.py");
    const args = [`http://${host}:${rest.port}`, `${host}:${grpc.port}`, MODELS, world.path];
    const run = promisify(execFile)(python as string, [script, ...args], { maxBuffer: 2 ** 24 });
    const results = JSON.parse((await run).stdout) as Record<string, string | null>;
    const failed = Object.entries(results).filter(([, problem]) => problem !== null);
    expect(failed.map(([name, problem]) => `${name}: ${problem}`).join("\n")).toBe("");
    expect(Object.keys(results).filter((name) => name.startsWith("REST: ")).length).toBe(21);
    expect(Object.keys(results).filter((name) => name.startsWith("gRPC: ")).length).toBe(13);
  }, 120_000);
});
