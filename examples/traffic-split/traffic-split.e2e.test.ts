import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { all, createModelServer } from "serving-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endCommands, startSource } from "../../packages/serving-kit/test/run-command.js";
import { line } from "../line/line.js";
import { acquire } from "./canary.js";
import { type Share, trafficSplit } from "./traffic-split.js";

/** A folder of lines that answer their version, whatever they are asked. */
let basePath: string;
beforeEach(async () => {
  basePath = await mkdtemp(join(tmpdir(), "serving-kit-split-"));
  for (const version of [1, 2]) {
    await mkdir(join(basePath, String(version)));
    const line = JSON.stringify({ slope: 0, offset: version });
    await writeFile(join(basePath, String(version), "line.json"), line);
  }
});
afterEach(async () => {
  endCommands();
  await rm(basePath, { recursive: true });
});

/** The versions that answered calls over REST, each call by a connection of its own. */
async function answersOf(port: number, calls: number, resource = "f"): Promise<number[]> {
  const versions: number[] = [];
  for (let i = 0; i < calls; i++) {
    const path = `/v1/models/${resource}:predict`;
    const sent = request({ port, path, method: "POST", agent: new Agent() });
    const response = new Promise<Parameters<typeof json>[0]>((resolve, reject) => {
      sent.on("response", resolve).on("error", reject);
    });
    sent.end('{"instances":[0]}');
    versions.push(((await json(await response)) as { predictions: number[] }).predictions[0] ?? 0);
  }
  return versions;
}

const isCanary = (version: number) => version === 2;

describe("trafficSplit in a program", () => {
  const serve = async (shares: readonly Share[], seed?: number) => {
    const server = await createModelServer({
      platforms: [line()],
      models: [{ name: "f", basePath, versionPolicy: all() }],
      startUpPolicy: "all",
      settleMs: 0,
      acquireDecorators: [
        trafficSplit({ models: { f: shares }, ...(seed !== undefined && { seed }) }),
      ],
    });
    for (const version of [1, 2]) await server.manager.available({ name: "f", version });
    return server;
  };
  const quarters = [
    { version: 1, weight: 3 },
    { version: 2, weight: 1 },
  ];

  it("splits the calls by the weights, the same way for the same seed", async () => {
    const runs: number[][] = [];
    for (let i = 0; i < 2; i++) {
      await using server = await serve(quarters, 1);
      const { port } = await server.listen({ port: 0 });
      runs.push(await answersOf(port, 100));
    }
    const share = runs[0]?.filter(isCanary).length;
    expect(share).toBeGreaterThanOrEqual(17);
    expect(share).toBeLessThanOrEqual(33);
    expect(runs[1]).toEqual(runs[0]);
  });

  it("leaves calls alone that name a version", async () => {
    await using server = await serve([{ version: 2, weight: 1 }]);
    const { port } = await server.listen({ port: 0 });
    expect(await answersOf(port, 5)).toEqual([2, 2, 2, 2, 2]);
    expect(await answersOf(port, 5, "f/versions/1")).toEqual([1, 1, 1, 1, 1]);
  });

  it("answers 404 for a share whose version is not there, and holds nothing", async () => {
    await using server = await serve([{ version: 3, weight: 1 }]);
    const { port } = await server.listen({ port: 0 });
    const url = `http://localhost:${port}/v1/models/f:predict`;
    const { status } = await fetch(url, { method: "POST", body: '{"instances":[0]}' });
    expect(status).toBe(404);
  });
});

describe("trafficSplit of --plugins", () => {
  it.each([1, 2])("splits calls of the command with --http_threads=%i", async (threads) => {
    const config = join(basePath, "models.config");
    const fields = `name: "f" base_path: "${basePath}" model_version_policy { all {} }`;
    await writeFile(config, `model_config_list { config { ${fields} } }`);
    const { said, child, ended } = startSource(
      ...["--rest_api_port=any", "--port=0", `--http_threads=${threads}`],
      `--model_config_file=${config}`,
      `--plugins=${import.meta.dirname}/../line/line.ts,${import.meta.dirname}/canary.ts`,
      "--start_up_policy=all",
    );
    for (const version of [1, 2]) await said(new RegExp(`version ${version}: available`));
    const [port] = /\d+(?=\/v1)/.exec(await said(/serving f at \S+\/v1/)) ?? [];
    const share = (await answersOf(Number(port), 100)).filter(isCanary).length;
    // Of one seed each loop makes the same choices: both are off by the same, whichever calls they get.
    expect(share).toBeGreaterThanOrEqual(10);
    expect(share).toBeLessThanOrEqual(40);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(acquire.module?.options).toMatchObject({ seed: 7 });
  });
});
