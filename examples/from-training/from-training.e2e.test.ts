import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { libraryReport } from "@serving-kit/servable-tensorflow";
import { afterAll, expect, it } from "vitest";
import { runExample } from "../run-example.js";

const run = promisify(execFile);
const here = import.meta.dirname;
const python =
  process.env.SERVING_KIT_PYTHON ??
  (process.env.VIRTUAL_ENV ? join(process.env.VIRTUAL_ENV, "bin/python") : "python3");

/** The reason why the programs cannot run here. */
async function problemOf(): Promise<string | undefined> {
  try {
    execFileSync(python, ["-c", "import keras, tensorflow, tensorflow_serving.apis"], {
      stdio: "ignore",
    });
  } catch {
    return `${python} has no tensorflow and tensorflow-serving-api: name another by SERVING_KIT_PYTHON`;
  }
  return (await libraryReport()).problem?.split("\n")[0];
}

const problem = await problemOf();
const reason = problem ? ` [skipped: ${problem}]` : "";
const folder = mkdtempSync(join(tmpdir(), "serving-kit-from-training-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.skipIf(reason)(
  `each program of docs/from-training.md runs, from training to the call${reason}`,
  async () => {
    for (const program of ["train", "signatures", "tf1", "lite"]) {
      await run(python, [join(here, `${program}.py`)], { cwd: folder });
    }
    for (const version of ["1", "2"]) {
      const args = [join(here, "publish.sh"), "models/flowers", version, "serving/flowers"];
      await run("sh", args, { cwd: folder });
    }
    copyFileSync(join(here, "models.config"), join(folder, "models.config"));
    const config = join(folder, "models.config");
    const { stdout, code } = await runExample("from-training/call.ts", [config]);
    expect(stdout).toMatch(
      /^stable: 0\.\d\d,0\.\d\d,0\.\d\d\nnames: virginica\nhalf_plus_two: 2\.5,3,4\.5\nflowers_lite: \w+\n$/,
    );
    expect(code).toBe(0);
  },
  600_000,
);
