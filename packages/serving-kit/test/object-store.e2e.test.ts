import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { S3_CREDENTIALS, S3Server } from "../../source-object-store/test/s3-server.js";
import { endCommands, repository, startIn } from "./run-command.js";

let server: S3Server;
let cache: string;
beforeEach(async () => {
  server = await S3Server.start();
  cache = await mkdtemp(join(tmpdir(), "serving-kit-cache-"));
});
afterEach(async () => {
  endCommands();
  await server[Symbol.asyncDispose]();
  await rm(cache, { recursive: true, force: true });
});

const digits = () => readFile(join(repository, "examples/models/digits/1/model.tflite"));

it("serves a bucket, by MODEL_BASE_PATH, swaps at SIGHUP, and starts in an outage from the cache", async () => {
  const environment = { ...S3_CREDENTIALS, AWS_ENDPOINT_URL: server.endpoint };
  server.put("models/digits/1/model.tflite", await digits());
  const flags = ["--port=0", "--rest_api_port=any", `--model_cache_dir=${cache}`];
  const names = { MODEL_BASE_PATH: "s3://bucket/models", MODEL_NAME: "digits" };
  const { said, child, ended, output } = startIn({ ...environment, ...names }, ...flags);
  const url = (await said(/http:\/\/localhost:\d+\/v1\/models\/digits/)).replace(
    "localhost",
    "127.0.0.1",
  );
  const versions = async () => {
    const { model_version_status: states } = (await (await fetch(url)).json()) as {
      model_version_status: { version: string; state: string }[];
    };
    return states.map(({ version, state }) => `${version} ${state}`);
  };
  expect(await versions()).toEqual(["1 AVAILABLE"]);
  server.put("models/digits/2/model.tflite", await digits());
  server.put("models/digits/2/_READY", "");
  child.kill("SIGHUP");
  await expect.poll(versions, { timeout: 120_000 }).toContain("2 AVAILABLE");
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(output.stdout + output.stderr).not.toMatch(/NodeVersionSupportWarning|a-secret|AKIA/);

  await server[Symbol.asyncDispose]();
  const base = "--model_base_path=s3://bucket/models/digits";
  const again = startIn(environment, ...flags, base, "--model_name=digits");
  await again.said(/http:\/\/localhost:\d+\/v1\/models\/digits/);
  expect(again.output.stderr).toMatch(/version 2 of the last known list is served from the cache/);
  expect(again.output.stderr).toMatch(/s3:\/\/bucket\/models\/digits\/2 cannot be listed/);
}, 180_000);
