// A canary with labels: two versions are loaded, clients use a label, and moving the label promotes or rolls back.
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createModelServer, specific } from "serving-kit";

const models = `${import.meta.dirname}/models/digits`;
const basePath = mkdtempSync(`${tmpdir()}/labels-`);
cpSync(`${models}/1`, `${basePath}/1`, { recursive: true });
cpSync(`${models}/alternate/2`, `${basePath}/2`, { recursive: true });
const [{ image }] = JSON.parse(readFileSync(`${models}/samples.json`, "utf8"));

// #region serve
const digits = (stable: number) => ({
  name: "digits",
  basePath,
  versionPolicy: specific([1, 2]),
  labels: { stable, canary: 2 },
});
const server = await createModelServer({ models: [digits(1)] });
// #endregion

const version = async (options: { label?: string }) =>
  (await server.call("digits", { image }, options)).id.version;
const [stable, canary] = [{ label: "stable" }, { label: "canary" }];
console.log(`stable ${await version(stable)}, canary ${await version(canary)}`);
console.log(`without a label ${await version({})}`); // the trap: this is the newest version

// #region promote
await server.reload([digits(2)]); // promotes: `stable` is version 2
console.log(`promoted: stable ${await version(stable)}`);
await server.reload([digits(1)]); // rolls back: version 1 is still loaded
console.log(`rolled back: stable ${await version(stable)}`);
// #endregion
await server.close();
rmSync(basePath, { recursive: true });
