import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { endCommands, startSource } from "../../packages/serving-kit/test/run-command.js";
import { runExample } from "../run-example.js";

const folder = import.meta.dirname;
afterEach(endCommands);

async function predict(url: string, instances: unknown): Promise<unknown> {
  const body = JSON.stringify({ instances });
  return (await fetch(`${url}:predict`, { method: "POST", body })).json();
}

describe("the custom platform", () => {
  it("is served from its module by the text proto", async () => {
    const { child, ended, said } = startSource(
      ...["--port=0", "--rest_api_port=any", `--model_config_file=${folder}/models.config`],
    );
    const url = await said(/http:\/\/localhost:\d+\/v1\/models\/fahrenheit/);
    expect(await predict(url, [-40, 0, 100])).toEqual({ predictions: [-40, 32, 212] });
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  it("is reloaded by a program that watches the file", async () => {
    const { stdout, stderr, code } = await runExample("custom-platform/main.ts");
    expect(stdout.replaceAll(folder, "")).toBe(
      "/models.yaml: reloading 2 models\n/models.yaml: 2 of 2 models are as configured\n" +
        "fahrenheit: available\ndigits: available\n",
    );
    expect([stderr.replace(/^INFO: .*\n/gm, ""), code]).toEqual(["", 0]);
  });

  it("is served next to another model from the YAML file", async () => {
    const { said } = startSource(
      ...["--port=0", "--rest_api_port=any", `--model_config_file=${folder}/models.yaml`],
    );
    const digits = await said(/http:\/\/localhost:\d+\/v1\/models\/digits/);
    const url = digits.replace(/digits$/, "fahrenheit");
    expect(await predict(url, [37])).toEqual({ predictions: [expect.closeTo(98.6, 4)] });
    const samples = readFileSync(`${folder}/../models/digits/samples.json`, "utf8");
    const [{ image }] = JSON.parse(samples) as [{ image: number[] }];
    expect(await predict(`${digits}/labels/stable`, [image])).toHaveProperty("predictions");
  });
});
