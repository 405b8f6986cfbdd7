import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporaryDirectory } from "./temporary-directory.js";

/** A module that keeps the vendor's client from being found. */
const hiding = (): string => {
  const hook = `export async function resolve(name, context, next) {
    if (name === "@aws-sdk/client-s3") throw new Error("Cannot find package");
    return next(name, context);
  }`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  return url(`import { register } from "node:module"; register(${JSON.stringify(url(hook))});`);
};

it("without the vendor's client says the line that installs it", async () => {
  await using directory = await temporaryDirectory();
  const tsx = pathToFileURL(fileURLToPath(import.meta.resolve("tsx"))).href;
  const flags = ["--conditions=@serving-kit/source", "--import", tsx, "--import", hiding()];
  const args = [...flags, join(import.meta.dirname, "list-process.ts"), "s3://bucket"];
  // The client is also looked for in the working directory.
  const options = { cwd: directory.path, env: { ...process.env, NODE_PATH: "" } };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  expect(stdout).toBe(
    "models of s3:// need its client, which is not installed here: npm install @aws-sdk/client-s3\n",
  );
}, 60_000);
