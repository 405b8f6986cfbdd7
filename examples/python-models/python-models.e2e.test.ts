import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { runExample } from "../run-example.js";

/** Why the example is skipped; undefined if there is a Python with numpy. */
function missing(): string | undefined {
  try {
    const python = process.env.SERVING_KIT_PYTHON ?? "python3";
    execFileSync(python, ["-c", "import sys, numpy; assert sys.version_info >= (3, 9)"], {
      stdio: "pipe",
    });
    return undefined;
  } catch {
    return "no Python 3.9 with numpy";
  }
}

const reason = missing();

it.skipIf(reason)(
  `a PyTorch-like model, a Hugging Face handler and a Flask handler${reason ? ` (skipped: ${reason})` : ""}`,
  async () => {
    const { code, stdout, stderr } = await runExample("python-models/main.ts");
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(/^torch {3}\{"predictions":\[\[0\.99\d+,[\d.e-]+\]\]\}$/),
      'handler {"predictions":[{"label":"POSITIVE","score":1},{"label":"NEGATIVE","score":-1}]}',
      'flask   {"predictions":[3]}',
      "in process Float64Array(1) [ 1.5 ]",
      "",
    ]);
    expect(code).toBe(0);
  },
);
