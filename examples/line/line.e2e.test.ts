import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { tensor } from "@serving-kit/inference";
import { platformConformance } from "@serving-kit/testing";
import { afterEach, describe, expect, it } from "vitest";
import { endCommands, SOURCE, startSource } from "../../packages/serving-kit/test/run-command.js";
import { line } from "./line.js";

const model = join(import.meta.dirname, "models/fahrenheit");
const plugins = [`--plugins=${import.meta.dirname}/line.ts`];

/** Runs the command from source to its end. */
async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...SOURCE, ...args, ...plugins]);
  return stdout;
}

describe("a platform of --plugins", () => {
  afterEach(endCommands);

  it("is inspected", async () => {
    const [title, ...lines] = (await run("inspect", model)).split("\n");
    expect(title).toBe(`${model}/1: the line y = 1.8 x + 32`);
    expect(lines[1]).toBe("    input x float64 [?]");
  });

  it("is in the doctor's report", async () => {
    const stdout = await run("doctor", `--models=${model}`);
    expect(stdout).toContain(`\n✓ lines: Math ${process.versions.v8}\n`);
    expect(stdout).toContain(`\n✓ ${model}/1: no problems\n`);
  });

  it("serves", async () => {
    const flags = ["--port=0", "--rest_api_port=any", "--model_name=f"];
    const { said } = startSource(...flags, `--model_base_path=${model}`, ...plugins);
    const url = await said(/http:\/\/localhost:\d+\/v1\/models\/f/);
    const body = JSON.stringify({ instances: [-40, 100] });
    const answer = await fetch(`${url}:predict`, { method: "POST", body });
    expect(await answer.json()).toEqual({ predictions: [-40, 212] });
  });
});

platformConformance(
  { describe, it },
  {
    name: "line",
    create: () => line(),
    path: join(model, "1"),
    call: { inputs: { x: tensor("float64", [1], [37]) } },
    foreign: model,
  },
);
