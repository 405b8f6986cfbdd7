import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canReusePort } from "@serving-kit/native-library";
import { afterAll, afterEach, expect, it } from "vitest";
import { endCommands, repository, start } from "./run-command.js";

const digits = join(repository, "examples/models/digits");
const folder = mkdtempSync(join(tmpdir(), "serving-kit-plugins-"));
const module = join(folder, "plugins.mjs");
// Each event loop counts the calls of its own observer.
writeFileSync(
  module,
  `let begun = 0;
export const observers = { name: "count", observe: () => ({ begin: () => void begun++ }) };
export const acquire = () => ({
  name: "alias",
  decorate: (acquire) => (request) =>
    acquire(request.name === "numbers" ? { ...request, name: "digits" } : request),
});
export const protocols = [{
  name: "hello",
  apis: [],
  http: (core) => [{
    method: "GET",
    path: "/hello/:name",
    handle: ({ params }) => ({
      status: 200,
      body: Buffer.from(JSON.stringify({ hello: params.name, begun, models: core.modelNames() })),
    }),
  }],
}];
`,
);

afterEach(endCommands);
afterAll(() => rmSync(folder, { recursive: true }));

it.each([["1"], ...(canReusePort ? [["2"]] : [])])(
  "a protocol, an observer and an acquire decorator of --plugins are in %s event loops",
  async (threads) => {
    const flags = [
      `--http_threads=${threads}`,
      "--port=0",
      "--rest_api_port=any",
      "--host=127.0.0.1",
    ];
    const { said, output } = start(
      ...[...flags, `--plugins=${module}`, "--model_name=digits", `--model_base_path=${digits}`],
    );
    const [port] = /\d+(?=\/v1)/.exec(await said(/serving digits at .*\/v1/)) ?? [];
    const url = `http://127.0.0.1:${port}`;
    const headers = { connection: "close" }; // each connection may reach another event loop
    const body = JSON.stringify({ instances: [Array(64).fill(0)] });
    const predict = () =>
      fetch(`${url}/v1/models/numbers:predict`, { method: "POST", body, headers });
    for (const answer of await Promise.all(Array.from({ length: 8 }, predict))) {
      expect(await answer.json()).toHaveProperty("predictions");
    }
    const hello = async () =>
      (await (await fetch(`${url}/hello/you`, { headers })).json()) as {
        readonly hello: string;
        readonly models: readonly string[];
        readonly begun: number;
      };
    const greetings = await Promise.all(Array.from({ length: 8 }, hello));
    for (const { hello, models, begun } of greetings) {
      expect([hello, models]).toEqual(["you", ["digits"]]);
      expect(begun).toBeLessThanOrEqual(8);
    }
    expect(Math.max(...greetings.map(({ begun }) => begun))).toBeGreaterThan(0);
    expect(output.stderr).not.toContain("PLUGIN");
  },
);
