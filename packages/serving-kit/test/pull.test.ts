import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Platform } from "@serving-kit/inference";
import { afterEach, beforeEach, expect, it } from "vitest";
import { S3_CREDENTIALS, S3Server } from "../../source-object-store/test/s3-server.js";
import { inspect } from "../src/subcommands/inspect.js";
import { pull } from "../src/subcommands/pull.js";
import { repository } from "./run-command.js";

let server: S3Server;
let folder: string;
let text: string;
const surroundings = {
  stdout: {
    write(line: string) {
      text += line;
    },
  },
  stderr: { write: () => {} },
  signal: new AbortController().signal,
};

beforeEach(async () => {
  Object.assign(process.env, S3_CREDENTIALS);
  text = "";
  server = await S3Server.start();
  folder = await mkdtemp(join(tmpdir(), "serving-kit-pull-"));
  const model = await readFile(join(repository, "examples/models/digits/1/model.tflite"));
  for (const version of [9, 10]) server.put(`models/digits/${version}/model.tflite`, model);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const uri = (path: string) => `s3://bucket/${path}?endpoint=${server.endpoint}`;

it("pull puts the newest version, or the one that is named, into a folder of its number", async () => {
  await pull().run([uri("models/digits"), folder], surroundings);
  await pull().run([uri("models/digits/9"), folder], surroundings);
  await pull().run([uri("models/digits/9"), folder], surroundings);
  expect((await readdir(folder)).sort()).toEqual(["10", "9"]);
  expect(await readdir(join(folder, "10"))).toEqual(["model.tflite"]);
  expect(text).toMatch(/digits\/10\?endpoint=.* is at .*10\n.* is at .*9\n.* is already at .*9\n$/);
});

it("pull rejects with the reason why there is no version, and leaves no files", async () => {
  const refuses = (path: string) => pull().run([path, folder], surroundings);
  await expect(refuses(uri("models/faces"))).rejects.toMatchObject({
    reason: "BASE_PATH_NOT_FOUND",
  });
  await expect(refuses(uri("models/digits/7"))).rejects.toMatchObject({
    reason: "VERSIONS_MISSING",
  });
  await expect(refuses("gs://bucket/m")).rejects.toMatchObject({ reason: "ARGUMENT_INVALID" });
  expect(await readdir(folder)).toEqual([]);
});

it("inspect describes the newest version in a bucket", async () => {
  const platform = {
    platformName: "any",
    accepts: async () => true,
    inspect: async (path: string) => ({ description: (await readdir(path)).join() }),
    loader: () => ({}),
  } as unknown as Platform;
  const platforms = [{ name: "any", load: async () => platform }];
  const args = [uri("models/digits"), `--model_cache_dir=${folder}`];
  await inspect({ platforms }).run(args, surroundings);
  expect(text).toBe("model.tflite\n");
});
