import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Tensor } from "@serving-kit/inference";
import { expect, it } from "vitest";
import { type Answer, type Example, exampleNamed, modelFile, rowsOf } from "./support.js";

/** Calls the built package, in a process without WebAssembly. Reads the calls from stdin, prints margins and log. */
const PROGRAM = `
const { text } = await import("node:stream/consumers");
const trees = await import("@serving-kit/servable-trees");
const log = [];
const note = (_, line) => void log.push(line);
const logger = { debug: note, info: note, warn: note, error: note };
const margins = [];
for (const { path, library, shape, rows } of JSON.parse(await text(process.stdin))) {
  const id = { name: "trees", version: 1n };
  const { signal } = new AbortController();
  const predictor = await trees[library]().loader({ path }, id).load({ id, signal, logger });
  const data = new Float32Array(Uint8Array.from(Buffer.from(rows, "base64")).buffer);
  const input = { dtype: "float32", shape, data };
  const { margin } = await predictor.predict({ input }, { signature: "margin" });
  margins.push(Buffer.from(margin.data.buffer).toString("base64"));
  await predictor[Symbol.asyncDispose]();
}
process.stdout.write(JSON.stringify({ webAssembly: typeof WebAssembly, log, margins }));
`;

const base64 = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");

function callOf(example: Example, path: string) {
  const { input } = rowsOf(example) as { input: Tensor<"float32"> };
  return { path, library: example.library, shape: input.shape, rows: base64(input.data) };
}

it("without WebAssembly the margins are the same, and the log says that it is slower", () => {
  const kinds = [
    ["binary", "ubj"],
    ["binary", "json"],
    ["categories", "ubj"],
    ["dart", "ubj"],
    ["lgb-binary", "txt"],
    ["lgb-linear", "txt"],
  ] as const;
  const calls = kinds.map(([name, extension]) => {
    return callOf(exampleNamed(name), modelFile(`${name}.${extension}`));
  });
  const args = ["--jitless", "--input-type=module", "--eval", PROGRAM];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    input: JSON.stringify(calls),
    encoding: "utf8",
  });
  expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
  const { webAssembly, log, margins } = JSON.parse(stdout);
  expect(webAssembly).toBe("undefined");
  const slower = expect.stringMatching(/WebAssembly .* in JavaScript, which is slower/);
  expect(log).toEqual(calls.map(() => slower));
  const wanted = kinds.map(([name]) => exampleNamed(name).answer("margin") as Answer);
  expect(margins).toEqual(wanted.map(({ data }) => base64(data as Float32Array)));
});
