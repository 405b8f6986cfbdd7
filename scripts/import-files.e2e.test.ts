import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { root } from "./workspace.mjs";

/** Prints the URL of each file that an import loads. */
const HOOK = `
import { writeSync } from "node:fs";
export async function load(url, context, next) {
  writeSync(1, url + "\\n");
  return next(url, context);
}`;

/** Returns the files of the built packages that the import of one loads. */
async function filesOf(name: string): Promise<readonly string[]> {
  const program = `
    import { register } from "node:module";
    register("data:text/javascript,${encodeURIComponent(HOOK)}");
    await import("${name}");`;
  const args = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: join(root, "bench"),
  });
  return stdout.split("\n").filter((url) => url.startsWith("file:"));
}

// core, inference, native-library and tensorflow-wire are a file each. Each file more takes about 1 ms at the start of a
// process. An entry or a dynamic import that shares modules with the first entry adds files.
it.each([
  ["servable-onnx", 5],
  ["servable-tflite", 5],
  ["servable-tensorflow", 7],
])("an import of %s loads at most %i files", async (name, most) => {
  const files = await filesOf(`@serving-kit/${name}`);
  expect(files.join("\n")).toContain(`/${name}/dist/index.js`);
  expect(files.length, files.join("\n")).toBeLessThanOrEqual(most);
});
