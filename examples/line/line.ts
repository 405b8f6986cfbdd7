import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, ServingError } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  definePlatform,
  formatSignature,
  type Signature,
  signatureOf,
  tensor,
  throwIfEnded,
  validateInputs,
  validateOutputs,
} from "@serving-kit/inference";

const vector = { dtype: "float64", shape: [-1] } as const;
const signature: Signature = {
  inputs: new Map([["x", vector]]),
  outputs: new Map([["y", vector]]),
};
const signatures = new Map([[DEFAULT_SIGNATURE, signature]]);

/** A complete platform on one screen: a model is a folder with `line.json`, `{ "slope": 1.8, "offset": 32 }`. */
export const line = definePlatform({
  name: "line",
  models: "lines",
  files: "a folder with line.json",
  async load({ path, clock }) {
    const { slope, offset } = await readLine(path);
    return {
      signatures,
      batchable: true,
      async predict(inputs, { signature: name, outputs, ...limits } = {}) {
        throwIfEnded(limits, clock);
        validateInputs(signatureOf({ signatures }, name), inputs);
        validateOutputs(signature, outputs);
        const y = Float64Array.from(inputs.x?.data as Float64Array, (x) => slope * x + offset);
        return { y: tensor("float64", [y.length], y) };
      },
    };
  },
  accepts: (path) =>
    readFile(join(path, "line.json")).then(
      () => true,
      () => false,
    ),
  async inspect(path) {
    const { slope, offset } = await readLine(path);
    const title = `${path}: the line y = ${slope} x + ${offset}`;
    const lines = formatSignature(DEFAULT_SIGNATURE, signature).map((text) => `  ${text}`);
    return { description: [title, ...lines].join("\n"), problems: [] };
  },
  libraryReport: async ({ library }) =>
    library === undefined
      ? { name: "Math", opened: { version: process.versions.v8, path: "V8", origin: "Node.js" } }
      : { name: "Math", problem: `${library} is not V8`, remedy: "run Node.js" },
});

/** The plugin export of this module: `serving-kit --plugins=examples/line/line.ts` serves lines. */
export const platforms = line;

async function readLine(path: string): Promise<{ slope: number; offset: number }> {
  const file = join(path, "line.json");
  try {
    const { slope, offset } = JSON.parse(await readFile(file, "utf8"));
    if (Number.isFinite(slope) && Number.isFinite(offset)) return { slope, offset };
    throw new TypeError("slope and offset must be numbers");
  } catch (cause) {
    const problem = `${file}: ${messageOf(cause)}`;
    throw new ServingError("FAILED_PRECONDITION", "LINE_INVALID", problem, { cause });
  }
}
