import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { DEMO_MODEL } from "../src/demo-model.js";
import { endCommands, repository, start } from "./run-command.js";

const digits = join(repository, "examples/models/digits");

afterEach(endCommands);

describe("serving-kit demo", () => {
  it("has the digits model of the examples", () => {
    const own = readFileSync(join(DEMO_MODEL, "1/model.tflite"));
    expect(own.equals(readFileSync(join(digits, "1/model.tflite")))).toBe(true);
  });

  it("prints a curl line with its response, and a program that reads the digit", async () => {
    const command = start("demo", "--rest_api_port=any", "--port=0");
    await command.said(/Press Ctrl-C to stop the server/);
    const { stdout } = command.output;
    const [, body = "", url = ""] = /^curl -d '(.*)' (http:\S+)$/m.exec(stdout) ?? [];
    const answer = await fetch(url, { method: "POST", body });
    expect(stdout).toContain(`The response is:\n\n${(await answer.text()).trim()}\n`);
    const program = stdout.slice(stdout.indexOf("const response"), stdout.indexOf("Press Ctrl-C"));
    const run = promisify(execFile);
    const node = await run(process.execPath, ["--input-type=module", "--eval", program]);
    expect(node.stdout).toBe("digit 5\n");
    command.child.kill("SIGINT");
    expect(await command.ended).toBe(0);
  });
});

describe("serving-kit PATH", () => {
  it.each([digits, join(digits, "1"), join(digits, "1/model.tflite")])(
    "serves %s, and lists it at GET /",
    async (path) => {
      const command = start(path, "--rest_api_port=any", "--port=0", "--model_name=here");
      const url = await command.said(/http:\S+(?=\/v1\/models\/here)/);
      const page = await fetch(url);
      expect(page.status).toBe(200);
      const { models } = (await page.json()) as { models: { name: string; versions: object[] }[] };
      expect(models).toMatchObject([
        { name: "here", versions: [{ version: "1", state: "available" }] },
      ]);
    },
  );
});
