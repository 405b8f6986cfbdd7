import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { messageOf } from "@serving-kit/core";
import { describe, expect, it } from "vitest";
import { LIBRARY_VARIABLE } from "../src/native/library.js";
import { onnxruntimeNodeFolder } from "./onnxruntime-node-folder.js";
import { expectedCalls, hasLibrary } from "./support.js";

function prepare(): { readonly folder: string } | { readonly problem: string } {
  if (!hasLibrary) return { problem: "there is no ONNX Runtime" };
  if (process.platform !== "linux") return { problem: "open libraries are listed on Linux only" };
  try {
    return { folder: onnxruntimeNodeFolder() };
  } catch (error) {
    return { problem: messageOf(error).split("\n")[0] ?? "" };
  }
}

const prepared = prepare();
const folder = "folder" in prepared ? prepared.folder : "";
const skipReason =
  "problem" in prepared ? ` [skipped: no onnxruntime-node: ${prepared.problem}]` : "";
const library = join(
  folder,
  `node_modules/onnxruntime-node/bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`,
);

async function runChild(order: string, variables: Readonly<Record<string, string>> = {}) {
  const child = fileURLToPath(new URL("./onnxruntime-node-child.ts", import.meta.url));
  const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
  const { [LIBRARY_VARIABLE]: _, ...env } = process.env;
  // Rejects for every exit code but 0, and if a signal ended it.
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, child, order, folder], {
    env: { ...env, ORT_DISABLE_TELEMETRY: "1", ...variables },
  });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

describe.skipIf(skipReason)(`beside onnxruntime-node${skipReason}`, () => {
  const [call] = expectedCalls("dense");
  const expected = Array.from(call?.outputs.y?.data as Float32Array);

  it.each<[string, string, Record<string, string>]>([
    ["theirs first", "libraries open in this process", {}],
    ["ours first", `environment variable ${LIBRARY_VARIABLE}`, { [LIBRARY_VARIABLE]: library }],
  ])("one library serves both: %s", async (order, origin, variables) => {
    const { opened, mapped, answers } = await runChild(order, variables);
    expect(opened).toMatchObject({ path: library, origin });
    expect(mapped).toEqual([library]);
    expect(answers).toHaveLength(5);
    for (const answer of answers) {
      for (const [i, value] of expected.entries()) expect(answer[i]).toBeCloseTo(value, 5);
    }
  });

  it("cannot be imported after another version was opened", async () => {
    // The linker finds the open library by its name, and not the versions of its symbols.
    await expect(runChild("ours first")).rejects.toThrow(/VERS_1\.30\.0/);
  });
});
