import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canReusePort } from "@serving-kit/native-library";
import { afterAll, afterEach, expect, it } from "vitest";
import { endCommands, repository, start } from "./run-command.js";

const servables = join(repository, "packages/server/test/evil-servables.mjs");
const folder = mkdtempSync(join(tmpdir(), "serving-kit-stray-"));
const config = join(folder, "models.yaml");
writeFileSync(
  config,
  `model_config_list:
  config:
    - name: astray
      model_platform: custom
      custom_model_config:
        module_path: ${servables}
        options: { where: stray, kind: rejection }
    - name: fine
      model_platform: custom
      custom_model_config: { module_path: ${servables} }
`,
);
const plugin = join(folder, "plugin.mjs");
// A route that rejects astray in the event loop that answers, and says which that is.
writeFileSync(
  plugin,
  `import { threadId } from "node:worker_threads";
export const protocols = [{
  name: "stray",
  apis: [],
  http: () => ["GET", "POST"].map((method) => ({
    method,
    path: "/stray",
    handle: () => {
      if (method === "POST") void Promise.reject(new Error("in a loop"));
      return { status: 200, body: Buffer.from(String(threadId)) };
    },
  })),
}];
`,
);

afterEach(endCommands);
afterAll(() => rmSync(folder, { recursive: true }));

const flags = [
  "--port=0",
  "--rest_api_port=any",
  "--host=127.0.0.1",
  `--model_config_file=${config}`,
];
const portOf = async (said: (pattern: RegExp) => Promise<string>) =>
  /\d+(?=\/v1)/.exec(await said(/serving fine at .*\/v1/))?.[0];

/** Calls the servable, whose promise rejects astray: it is answered, and then the command exits. */
async function endAstray({ said, ended, output }: ReturnType<typeof start>) {
  const url = `http://127.0.0.1:${await portOf(said)}/v1/models/astray:predict`;
  const answer = await fetch(url, { method: "POST", body: '{"inputs":[2]}' });
  expect(await answer.json()).toEqual({ outputs: [4] });
  expect(await ended).toBe(1);
  expect(output.stderr).toMatch(/model astray version 1: unhandled rejection: nobody waits/);
}

it("a servable's stray rejection is logged with its model and ends the command after the answer", async () => {
  await endAstray(start(...flags));
}, 120_000);

it.skipIf(!canReusePort)(
  "with two loops too; a loop with a stray error of its own answers, drains and is replaced",
  async () => {
    const command = start(...flags, "--http_threads=2", `--plugins=${plugin}`);
    const url = `http://127.0.0.1:${await portOf(command.said)}/stray`;
    const headers = { connection: "close" }; // each connection may reach another event loop
    const gone = await (await fetch(url, { method: "POST", headers })).text();
    const loops = new Set<string>();
    // A connection that the loop had not accepted when it ended is reset.
    while (loops.size < 2) {
      const one = await fetch(url, { headers }).then(
        (response) => response.text(),
        () => gone,
      );
      if (one !== gone) loops.add(one);
    }
    expect(command.output.stderr).toContain("unhandled rejection: in a loop");
    await endAstray(command);
  },
  120_000,
);
