// Thousands of models, of which only a few are in use. A model is loaded on its first request. When memory is full,
// the least recently used model is unloaded.
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename } from "node:path";
import { CachingManager, parseVersion, ServingError } from "@serving-kit/core";
import { type Predictor, tensor } from "@serving-kit/inference";
import { tflite } from "@serving-kit/servable-tflite";

const CUSTOMERS = 2_000;
const CALLERS = 32;
const CALLS = 2_000;

const digits = `${import.meta.dirname}/models/digits`;
const root = mkdtempSync(`${tmpdir()}/load-on-demand-`);
// Each customer has a model at <root>/<customer>/<version>. In this example all are links to one model.
for (let i = 0; i < CUSTOMERS; i++) symlinkSync(digits, `${root}/customer-${i}`, "junction");

// #region manager
const platform = tflite();
const manager = new CachingManager<Predictor>({
  maxServables: 50,
  maxRamBytes: 512 * 1024 ** 2,

  // Called for each request. Returns the version to use, or rejects.
  async resolve({ name, version }) {
    // Clients choose this name, so it must not escape the folder.
    const folders = name === basename(name) ? await readdir(`${root}/${name}`).catch(() => []) : [];
    const [newest] = folders
      .flatMap((folder) => parseVersion(folder) ?? [])
      .filter((found) => version === undefined || found === BigInt(version))
      .sort((a, b) => (a < b ? 1 : -1));
    if (newest !== undefined) return { name, version: newest };
    throw new ServingError("NOT_FOUND", "MODEL_NOT_FOUND", `there is no model ${name}`);
  },

  // Called for a version that is not in memory.
  loader: (id) => platform.loader({ path: `${root}/${id.name}/${id.version}` }, id),
});
// #endregion

let loads = 0;
let unloads = 0;
let most = 0;
manager.events.subscribe((event) => {
  if (event.kind !== "state") return;
  if (event.state === "available") loads++;
  if (event.state === "end") unloads++;
  most = Math.max(most, manager.states().filter(({ state }) => state === "available").length);
});

/** Nine of ten calls come from the same 40 customers. */
function someCustomer(call: number): string {
  const scattered = Math.imul(call, 2_654_435_761) >>> 8;
  return `customer-${scattered % (call % 10 === 0 ? CUSTOMERS : 40)}`;
}

const [{ image }] = JSON.parse(readFileSync(`${digits}/samples.json`, "utf8"));
let calls = 0;
async function keepCalling() {
  while (calls < CALLS) {
    const name = someCustomer(calls++);
    // #region call
    const model = await manager.acquire({ name }, { timeoutMs: 10_000 });
    try {
      await model.servable.predict({ image: tensor("float32", [1, 64], image) });
    } finally {
      model.release();
    }
    // #endregion
  }
}
await Promise.all(Array.from({ length: CALLERS }, keepCalling));
const unknown = await manager.acquire({ name: "nobody" }).catch((error) => error.message);
await manager.close();
rmSync(root, { recursive: true });

console.log(`${CALLS} calls to ${CUSTOMERS} models`);
console.log(`${loads} loads, ${unloads} unloads, at most ${most} models in memory`);
console.log(unknown);
